// Checks whether text is valid in an HTTP header.
#pragma once

#include <algorithm>
#include <string_view>

namespace ssync {

// True without a space, control character or colon.
inline bool can_be_a_header_name(std::string_view name) {
  return !name.empty() && std::none_of(name.begin(), name.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= ' ' || byte == 0x7f || c == ':';
  });
}

// True without a line end or NUL.
inline bool can_be_a_header_value(std::string_view value) {
  return value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

}  // namespace ssync
