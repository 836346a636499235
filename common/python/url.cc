#include "common/python/url.h"

#include "common/python/ascii.h"
#include "common/python/hex.h"

namespace ssync::python {
namespace {

constexpr std::string_view kUpperHexDigits = "0123456789ABCDEF";

bool is_unreserved(char c) {
  return is_digit(c) || is_lower(c) || is_upper(c) || c == '_' || c == '.' || c == '-' || c == '~';
}

void append_percent(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += kUpperHexDigits[byte >> 4U];
  out += kUpperHexDigits[byte & 0xFU];
}

}  // namespace

std::string unquote(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && text.size() - i > 2) {
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high >= 0 && low >= 0) {
        out += static_cast<char>(high * 16 + low);
        i += 2;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

std::string quote(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (const char c : bytes) {
    if (is_unreserved(c) || c == '/') {
      out += c;
    } else {
      append_percent(out, c);
    }
  }
  return out;
}

std::string quote_plus(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (const char c : bytes) {
    if (is_unreserved(c)) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      append_percent(out, c);
    }
  }
  return out;
}

}  // namespace ssync::python
