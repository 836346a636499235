// Bytes as hexadecimal digits, and back.
#pragma once

#include <span>
#include <string>

namespace ssync::python {

// The value of a hexadecimal digit of either case; -1 for every other character.
constexpr int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

// Writes two lower-case digits per byte to `to`, and returns the end of the output.
char* write_hex(std::span<const unsigned char> bytes, char* to);
// bytes.hex().
std::string to_hex(std::span<const unsigned char> bytes);

}  // namespace ssync::python
