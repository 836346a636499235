#include "common/python/repr.h"

#include <algorithm>
#include <array>

#include "common/python/utf8.h"

namespace ssync::python {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

// Above ASCII: controls, separators, formatting characters, private use, non-characters and the
// large unassigned stretches. Single unassigned code points within used blocks are not listed, because they
// change with every version of Unicode.
struct Range {
  char32_t first;
  char32_t last;
};
constexpr auto kUnprintable = std::to_array<Range>({
    {0x80, 0xA0},       {0xAD, 0xAD},       {0x600, 0x605},      {0x61C, 0x61C},     {0x6DD, 0x6DD},
    {0x70F, 0x70F},     {0x890, 0x891},     {0x8E2, 0x8E2},      {0x1680, 0x1680},   {0x180E, 0x180E},
    {0x2000, 0x200F},   {0x2028, 0x202F},   {0x205F, 0x206F},    {0x3000, 0x3000},   {0xD7FC, 0xF8FF},
    {0xFDD0, 0xFDEF},   {0xFEFF, 0xFEFF},   {0xFFF0, 0xFFFB},    {0xFFFE, 0xFFFF},   {0x110BD, 0x110BD},
    {0x110CD, 0x110CD}, {0x13430, 0x13438}, {0x1BCA0, 0x1BCA3},  {0x1D173, 0x1D17A}, {0x1FBFA, 0x1FFFF},
    {0x2FA1E, 0x2FFFF}, {0x3134B, 0xE00FF}, {0xE01F0, 0x10FFFF},
});

bool is_printable(char32_t point) {
  if (point < 0x80) return point >= 0x20 && point != 0x7F;
  const auto* const range =
      std::find_if(kUnprintable.begin(), kUnprintable.end(), [=](Range r) { return point <= r.last; });
  return range == kUnprintable.end() || point < range->first;
}

char quote_for(std::string_view text) {
  const bool only_single =
      text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos;
  return only_single ? '"' : '\'';
}

void append_hex(std::string& out, char32_t value, int digits) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    out += kHexDigits[(value >> static_cast<unsigned>(shift)) & 0xFU];
  }
}

// Appends an escape that repr() of bytes and str have in common; false if there is none for the character.
bool append_common_escape(std::string& out, char32_t point, char quote) {
  switch (point) {
    case '\t':
      out += "\\t";
      return true;
    case '\n':
      out += "\\n";
      return true;
    case '\r':
      out += "\\r";
      return true;
    default:
      break;
  }
  if (point == '\\' || point == static_cast<unsigned char>(quote)) {
    out += '\\';
    out += static_cast<char>(point);
    return true;
  }
  return false;
}

}  // namespace

std::string repr_bytes(std::string_view bytes) {
  const char quote = quote_for(bytes);
  std::string out = "b";
  out += quote;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (append_common_escape(out, byte, quote)) continue;
    if (byte >= 0x20 && byte < 0x7F) {
      out += c;
    } else {
      out += "\\x";
      append_hex(out, byte, 2);
    }
  }
  out += quote;
  return out;
}

std::string repr_text(std::string_view utf8) {
  const char quote = quote_for(utf8);
  std::string out(1, quote);
  while (!utf8.empty()) {
    const Decoded decoded = decode_utf8(utf8);
    if (decoded.length == 0) {
      out += "\\udc";
      append_hex(out, static_cast<unsigned char>(utf8.front()), 2);
      utf8.remove_prefix(1);
      continue;
    }
    if (!append_common_escape(out, decoded.point, quote)) {
      if (is_printable(decoded.point)) {
        out += utf8.substr(0, decoded.length);
      } else if (decoded.point < 0x100) {
        out += "\\x";
        append_hex(out, decoded.point, 2);
      } else if (decoded.point < 0x10000) {
        out += "\\u";
        append_hex(out, decoded.point, 4);
      } else {
        out += "\\U";
        append_hex(out, decoded.point, 8);
      }
    }
    utf8.remove_prefix(decoded.length);
  }
  out += quote;
  return out;
}

}  // namespace ssync::python
