// MD5 with OpenSSL's EVP. Swift uses it for names and checksums; nothing here relies on it for security.
#pragma once

#include <array>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace ssync {

using Md5Digest = std::array<unsigned char, 16>;

class Md5 {
 public:
  Md5();
  ~Md5();
  Md5(const Md5&) = delete;
  Md5& operator=(const Md5&) = delete;

  void update(std::string_view data);
  // The MD5 of the data so far as 32 lower-case hex digits; more data may follow.
  [[nodiscard]] std::string hex() const;

 private:
  evp_md_ctx_st* context_;
};

std::string md5_hex(std::string_view data);
Md5Digest md5_digest(std::string_view data);

}  // namespace ssync
