// What HTTP can carry in a header as it was meant.
#pragma once

#include <algorithm>
#include <string_view>

namespace ssync {

// No blank, control character or colon.
inline bool can_be_a_header_name(std::string_view name) {
  return !name.empty() && std::none_of(name.begin(), name.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= ' ' || byte == 0x7f || c == ':';
  });
}

// No line end or NUL.
inline bool can_be_a_header_value(std::string_view value) {
  return value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

}  // namespace ssync
