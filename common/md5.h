// MD5 through OpenSSL's EVP. Swift names and checks by it; nothing here relies on it for security.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/object_hash.h"

struct evp_md_ctx_st;

namespace ssync {

class Md5 {
 public:
  Md5();
  ~Md5();
  Md5(const Md5&) = delete;
  Md5& operator=(const Md5&) = delete;

  void update(std::string_view data);
  // 32 lower-case hex digits of what was given so far; more may be added after it.
  [[nodiscard]] std::string hex() const;

 private:
  evp_md_ctx_st* context_;
};

std::string md5_hex(std::string_view data);
ObjectHash md5_digest(std::string_view data);

}  // namespace ssync
