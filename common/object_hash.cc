#include "common/object_hash.h"

namespace ssync {
namespace {

// 16 for what is no lower-case hex digit.
unsigned digit_value(char digit) {
  if (digit >= '0' && digit <= '9') return static_cast<unsigned>(digit - '0');
  if (digit >= 'a' && digit <= 'f') return static_cast<unsigned>(digit - 'a') + 10;
  return 16;
}

}  // namespace

std::optional<ObjectHash> parse_object_hash(std::string_view hex) {
  ObjectHash hash{};
  if (hex.size() != 2 * hash.size()) return std::nullopt;
  for (std::size_t i = 0; i < hash.size(); ++i) {
    const unsigned high = digit_value(hex[2 * i]);
    const unsigned low = digit_value(hex[2 * i + 1]);
    if (high > 15 || low > 15) return std::nullopt;
    hash[i] = static_cast<unsigned char>(high << 4U | low);
  }
  return hash;
}

char* write_hex(const ObjectHash& hash, char* to) {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (const unsigned char byte : hash) {
    *to++ = kDigits[byte >> 4U];
    *to++ = kDigits[byte & 15U];
  }
  return to;
}

std::string to_hex(const ObjectHash& hash) {
  std::string hex(2 * hash.size(), '\0');
  write_hex(hash, hex.data());
  return hex;
}

}  // namespace ssync
