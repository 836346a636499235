#include "common/python/hex.h"

namespace ssync::python {

char* write_hex(std::span<const unsigned char> bytes, char* to) {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (const unsigned char byte : bytes) {
    *to++ = kDigits[byte >> 4U];
    *to++ = kDigits[byte & 15U];
  }
  return to;
}

std::string to_hex(std::span<const unsigned char> bytes) {
  std::string hex(2 * bytes.size(), '\0');
  write_hex(bytes, hex.data());
  return hex;
}

}  // namespace ssync::python
