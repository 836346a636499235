#include "common/python/text.h"

#include <algorithm>
#include <array>

#include "common/python/ascii.h"
#include "common/python/utf8.h"

namespace ssync::python {
namespace {

constexpr bool is_latin1_upper(unsigned char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7);
}

constexpr unsigned char latin1_to_lower(unsigned char c) {
  return is_latin1_upper(c) ? static_cast<unsigned char>(c + 0x20) : c;
}

// Most text is ASCII, and this is much faster than decoding.
bool is_ascii(std::string_view bytes) {
  unsigned char all = 0;
  for (const char c : bytes) all |= static_cast<unsigned char>(c);
  return all < 0x80;
}

}  // namespace

std::string_view strip(std::string_view bytes) { return strip_if(bytes, is_bytes_space); }

std::string_view strip_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const Decoded first = decode_utf8(bytes);
    if (first.length == 0 || !is_str_space(first.point)) break;
    bytes.remove_prefix(first.length);
  }
  constexpr std::size_t kLongestSpace = 3;
  for (std::size_t length = 1; length <= std::min(kLongestSpace, bytes.size());) {
    const Decoded last = decode_utf8(bytes.substr(bytes.size() - length));
    if (last.length == length && is_str_space(last.point)) {
      bytes.remove_suffix(length);
      length = 1;
    } else {
      ++length;
    }
  }
  return bytes;
}

std::vector<std::string_view> list_from_csv(std::string_view list,
                                            std::string_view (*strip_part)(std::string_view)) {
  std::vector<std::string_view> parts;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (const std::string_view part = strip_part(list.substr(0, comma)); !part.empty()) parts.push_back(part);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return parts;
}

std::vector<std::string_view> split_words(std::string_view ascii, std::size_t max_words) {
  std::vector<std::string_view> words;
  const auto* const end = ascii.end();
  const auto* begin = std::find_if_not(ascii.begin(), end, is_ascii_str_space);
  while (begin != end && words.size() < max_words) {
    const auto* const word_end = std::find_if(begin, end, is_ascii_str_space);
    words.emplace_back(begin, word_end);
    begin = std::find_if_not(word_end, end, is_ascii_str_space);
  }
  return words;
}

std::string lower_latin1(std::string_view latin1) {
  std::string out(latin1);
  for (char& c : out) c = static_cast<char>(latin1_to_lower(static_cast<unsigned char>(c)));
  return out;
}

std::string lower_ascii(std::string_view bytes) {
  std::string out(bytes);
  std::transform(out.begin(), out.end(), out.begin(), to_lower);
  return out;
}

std::string upper_ascii(std::string_view bytes) {
  std::string out(bytes);
  std::transform(out.begin(), out.end(), out.begin(), to_upper);
  return out;
}

std::string title_ascii(std::string_view bytes) {
  std::string out(bytes);
  bool in_word = false;
  for (char& c : out) {
    c = in_word ? to_lower(c) : to_upper(c);
    in_word = is_lower(c) || is_upper(c);
  }
  return out;
}

std::string latin1_to_utf8(std::string_view latin1) {
  std::string out;
  out.reserve(latin1.size());
  for (const char c : latin1) append_utf8(out, static_cast<unsigned char>(c));
  return out;
}

std::optional<std::string> utf8_to_latin1(std::string_view utf8) {
  if (is_ascii(utf8)) return std::string(utf8);
  std::string out;
  out.reserve(utf8.size());
  while (!utf8.empty()) {
    const Decoded decoded = decode_utf8(utf8);
    if (decoded.length == 0 || decoded.point > 0xFF) return std::nullopt;
    out += static_cast<char>(decoded.point);
    utf8.remove_prefix(decoded.length);
  }
  return out;
}

bool is_utf8(std::string_view bytes) {
  if (is_ascii(bytes)) return true;
  while (!bytes.empty()) {
    const std::size_t length = decode_utf8(bytes).length;
    if (length == 0) return false;
    bytes.remove_prefix(length);
  }
  return true;
}

std::size_t utf8_length(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(
      utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

bool is_true(std::string_view value) {
  constexpr auto kTrue = std::to_array<std::string_view>({"true", "1", "yes", "on", "t", "y"});
  return std::find(kTrue.begin(), kTrue.end(), lower_ascii(value)) != kTrue.end();
}

}  // namespace ssync::python
