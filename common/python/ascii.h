// Classes of ASCII characters, including Python's white space. Unlike <cctype>, independent of the locale.
#pragma once

#include <string_view>

namespace ssync::python {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr char to_lower(char c) { return is_upper(c) ? static_cast<char>(c + ('a' - 'A')) : c; }
constexpr char to_upper(char c) { return is_lower(c) ? static_cast<char>(c - ('a' - 'A')) : c; }

// White space of bytes.strip().
constexpr bool is_bytes_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
// White space of str.split().
constexpr bool is_ascii_str_space(char c) { return is_bytes_space(c) || (c >= '\x1c' && c <= '\x1f'); }

// text without leading and trailing characters for which is_space is true.
template <typename Predicate>
std::string_view strip_if(std::string_view text, Predicate is_space) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace ssync::python
