#include "common/layout/object_hash.h"

#include <array>
#include <tuple>

#include "common/python/ascii.h"
#include "common/python/hex.h"

namespace ssync {
namespace {

// -1 if it is not a lower-case hexadecimal digit.
int digit_value(char digit) { return python::is_upper(digit) ? -1 : python::hex_value(digit); }

}  // namespace

std::optional<ObjectHash> parse_object_hash(std::string_view hex) {
  ObjectHash hash{};
  if (hex.size() != 2 * hash.size()) return std::nullopt;
  for (std::size_t i = 0; i < hash.size(); ++i) {
    const int high = digit_value(hex[2 * i]);
    const int low = digit_value(hex[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    hash[i] = static_cast<unsigned char>(high * 16 + low);
  }
  return hash;
}

void append_object_hash(const ObjectHash& hash, std::string& text) {
  std::array<char, 2 * std::tuple_size_v<ObjectHash>> hex{};
  python::write_hex(hash, hex.data());
  text.append(hex.data(), hex.size());
}

}  // namespace ssync
