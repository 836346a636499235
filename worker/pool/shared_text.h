// Text in memory that processes share.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace ssync {

// Cut to what fits, with an end of its own.
template <std::size_t Size>
void store_text(std::array<char, Size>& to, std::string_view text) {
  const std::size_t count = std::min(text.size(), Size - 1);
  std::memcpy(to.data(), text.data(), count);
  to[count] = '\0';
}

// Stays within the array whatever a process that died left there. Refers to it.
template <std::size_t Size>
std::string_view view_text(const std::array<char, Size>& from) {
  return {from.data(), ::strnlen(from.data(), Size)};
}

template <std::size_t Size>
std::string load_text(const std::array<char, Size>& from) {
  return std::string(view_text(from));
}

}  // namespace ssync
