#include "common/os/md5.h"

#include <openssl/evp.h>

#include <memory>
#include <stdexcept>

#include "common/python/hex.h"

namespace ssync {
namespace {

// Fetched once: with EVP_md5(), OpenSSL 3 searches its providers for every digest.
const EVP_MD* md5_algorithm() {
  static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "MD5", "-fips");
  return algorithm != nullptr ? algorithm : EVP_md5();
}

void check(int ok) {
  if (ok != 1) throw std::runtime_error("OpenSSL does not provide MD5");
}

}  // namespace

Md5::Md5() : context_(EVP_MD_CTX_new()) {
  if (context_ == nullptr) throw std::bad_alloc();
  check(EVP_DigestInit_ex(context_, md5_algorithm(), nullptr));
}

Md5::~Md5() { EVP_MD_CTX_free(context_); }

void Md5::update(std::string_view data) { check(EVP_DigestUpdate(context_, data.data(), data.size())); }

std::string Md5::hex() const {
  Md5Digest digest{};
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> copy(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  if (!copy) throw std::bad_alloc();
  check(EVP_MD_CTX_copy_ex(copy.get(), context_));
  check(EVP_DigestFinal_ex(copy.get(), digest.data(), nullptr));
  return python::to_hex(digest);
}

Md5Digest md5_digest(std::string_view data) {
  Md5Digest digest{};
  check(EVP_Digest(data.data(), data.size(), digest.data(), nullptr, md5_algorithm(), nullptr));
  return digest;
}

std::string md5_hex(std::string_view data) { return python::to_hex(md5_digest(data)); }

}  // namespace ssync
