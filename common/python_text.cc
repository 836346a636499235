#include "common/python_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <clocale>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "common/errors.h"

namespace ssync::python {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kUpperHexDigits = "0123456789ABCDEF";

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr char to_lower(char c) { return is_upper(c) ? static_cast<char>(c + ('a' - 'A')) : c; }
constexpr char to_upper(char c) { return is_lower(c) ? static_cast<char>(c - ('a' - 'A')) : c; }

constexpr bool is_bytes_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
constexpr bool is_ascii_str_space(char c) { return is_bytes_space(c) || (c >= '\x1c' && c <= '\x1f'); }
// int() and float() strip what C calls space, and what Unicode calls space only above ASCII:
// unlike str.strip() they refuse \x1c-\x1f.
constexpr bool is_number_space(char c) { return is_bytes_space(c) || c == '\x85' || c == '\xa0'; }

template <typename Predicate>
std::string_view strip_if(std::string_view text, Predicate is_space) {
  while (!text.empty() && is_space(text.front())) {
    text.remove_prefix(1);
  }
  while (!text.empty() && is_space(text.back())) {
    text.remove_suffix(1);
  }
  return text;
}

int hex_value(char c) {
  if (is_digit(c)) {
    return c - '0';
  }
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

void append_utf8(std::string& out, char32_t point) {
  if (point < 0x80) {
    out += static_cast<char>(point);
    return;
  }
  if (point < 0x800) {
    out += static_cast<char>(0xC0 | (point >> 6));
  } else if (point < 0x10000) {
    out += static_cast<char>(0xE0 | (point >> 12));
    out += static_cast<char>(0x80 | ((point >> 6) & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (point >> 18));
    out += static_cast<char>(0x80 | ((point >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((point >> 6) & 0x3F));
  }
  out += static_cast<char>(0x80 | (point & 0x3F));
}

struct Decoded {
  char32_t point = 0;
  // 0 where no valid sequence starts.
  std::size_t length = 0;
};

Decoded decode_utf8(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) {
    return {lead, 1};
  }
  std::size_t length = 0;
  char32_t point = 0;
  char32_t smallest = 0;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
    point = lead & 0x1FU;
    smallest = 0x80;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    point = lead & 0x0FU;
    smallest = 0x800;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    point = lead & 0x07U;
    smallest = 0x10000;
  } else {
    return {};
  }
  if (bytes.size() < length) {
    return {};
  }
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) {
      return {};
    }
    point = (point << 6) | (byte(i) & 0x3FU);
  }
  const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
  if (point < smallest || point > 0x10FFFF || surrogate) {
    return {};
  }
  return {point, length};
}

// Above ASCII: controls, separators, formatting characters, private use, non-characters and the
// large unassigned stretches. Single unassigned code points inside living blocks are not listed, as
// their number changes with every version of Unicode.
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
  if (point < 0x80) {
    return point >= 0x20 && point != 0x7F;
  }
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

// The escapes that repr() of bytes and of str share; false where it is not one of them.
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

std::string repr_latin1(std::string_view latin1) { return repr_text(latin1_to_utf8(latin1)); }

[[noreturn]] void throw_invalid_int(std::string_view text, int base) {
  // PyErr_Format's %.200R cuts the repr() at 200 characters.
  constexpr std::size_t kReprLimit = 200;
  std::string repr = repr_latin1(text);
  std::size_t end = 0;
  for (std::size_t count = 0; end < repr.size() && count < kReprLimit; ++count) {
    end += decode_utf8(std::string_view(repr).substr(end)).length;
  }
  repr.resize(end);
  throw ValueError("invalid literal for int() with base " + std::to_string(base) + ": " + repr);
}

// True for [sign] digits [. digits] [exponent], in which at least one digit precedes the exponent.
bool is_decimal_float(std::string_view text) {
  std::size_t i = 0;
  const auto skip_sign = [&] { i += i < text.size() && (text[i] == '+' || text[i] == '-') ? 1 : 0; };
  const auto skip_digits = [&] {
    const std::size_t begin = i;
    while (i < text.size() && is_digit(text[i])) {
      ++i;
    }
    return i - begin;
  };
  skip_sign();
  std::size_t digits = skip_digits();
  if (i < text.size() && text[i] == '.') {
    ++i;
    digits += skip_digits();
  }
  if (digits == 0) {
    return false;
  }
  if (i < text.size() && to_lower(text[i]) == 'e') {
    ++i;
    skip_sign();
    if (skip_digits() == 0) {
      return false;
    }
  }
  return i == text.size();
}

// Without the underscores, or nullopt where one does not stand between two digits.
std::optional<std::string> without_underscores(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      plain += text[i];
      continue;
    }
    if (i == 0 || i + 1 == text.size() || !is_digit(text[i - 1]) || !is_digit(text[i + 1])) {
      return std::nullopt;
    }
  }
  return plain;
}

bool is_unreserved(char c) {
  return is_digit(c) || is_lower(c) || is_upper(c) || c == '_' || c == '.' || c == '-' || c == '~';
}

void append_percent(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += kUpperHexDigits[byte >> 4U];
  out += kUpperHexDigits[byte & 0xFU];
}

constexpr bool is_latin1_upper(unsigned char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 0xC0 && c <= 0xDE && c != 0xD7);
}
// Lower case as Unicode's property has it, which includes the ordinal indicators.
constexpr bool is_latin1_lower(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 0xDF && c != 0xF7) || c == 0xAA || c == 0xB5 || c == 0xBA;
}
constexpr unsigned char latin1_to_lower(unsigned char c) {
  return is_latin1_upper(c) ? static_cast<unsigned char>(c + 0x20) : c;
}

void append_latin1_title(std::string& out, unsigned char c) {
  switch (c) {
    case 0xAA:
    case 0xBA:
      append_utf8(out, c);
      return;
    case 0xB5:
      append_utf8(out, 0x39C);
      return;
    case 0xDF:
      out += "Ss";
      return;
    case 0xFF:
      append_utf8(out, 0x178);
      return;
    default:
      append_utf8(out, is_latin1_lower(c) ? c - 0x20U : c);
  }
}

// The process may have set another locale for its messages; numbers on the wire stay C's.
locale_t c_locale() {
  static const locale_t locale = newlocale(LC_ALL_MASK, "C", nullptr);
  return locale;
}

// Most text is, and this is much faster than decoding it.
bool is_ascii(std::string_view bytes) {
  unsigned char all = 0;
  for (const char c : bytes) {
    all |= static_cast<unsigned char>(c);
  }
  return all < 0x80;
}

}  // namespace

std::string_view strip(std::string_view bytes) { return strip_if(bytes, is_bytes_space); }

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
  for (char& c : out) {
    c = static_cast<char>(latin1_to_lower(static_cast<unsigned char>(c)));
  }
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

std::string title_latin1_to_utf8(std::string_view latin1) {
  std::string out;
  out.reserve(latin1.size());
  bool in_word = false;
  for (const char signed_char : latin1) {
    const auto c = static_cast<unsigned char>(signed_char);
    if (in_word) {
      append_utf8(out, latin1_to_lower(c));
    } else {
      append_latin1_title(out, c);
    }
    in_word = is_latin1_lower(c) || is_latin1_upper(c);
  }
  return out;
}

std::string latin1_to_utf8(std::string_view latin1) {
  std::string out;
  out.reserve(latin1.size());
  for (const char c : latin1) {
    append_utf8(out, static_cast<unsigned char>(c));
  }
  return out;
}

std::optional<std::string> utf8_to_latin1(std::string_view utf8) {
  if (is_ascii(utf8)) {
    return std::string(utf8);
  }
  std::string out;
  out.reserve(utf8.size());
  while (!utf8.empty()) {
    const Decoded decoded = decode_utf8(utf8);
    if (decoded.length == 0 || decoded.point > 0xFF) {
      return std::nullopt;
    }
    out += static_cast<char>(decoded.point);
    utf8.remove_prefix(decoded.length);
  }
  return out;
}

bool is_utf8(std::string_view bytes) {
  if (is_ascii(bytes)) {
    return true;
  }
  while (!bytes.empty()) {
    const std::size_t length = decode_utf8(bytes).length;
    if (length == 0) {
      return false;
    }
    bytes.remove_prefix(length);
  }
  return true;
}

std::size_t utf8_length(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(
      utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

Integer parse_integer(std::string_view text, int base) {
  std::string_view rest = strip_if(text, is_number_space);
  Integer result;
  if (!rest.empty() && (rest.front() == '+' || rest.front() == '-')) {
    result.negative = rest.front() == '-';
    rest.remove_prefix(1);
  }
  if (base == 16 && rest.size() >= 2 && rest[0] == '0' && to_lower(rest[1]) == 'x') {
    rest.remove_prefix(2);
    // The prefix counts as something an underscore may follow.
    if (!rest.empty() && rest.front() == '_') {
      rest.remove_prefix(1);
    }
  }
  if (rest.empty() || rest.back() == '_') {
    throw_invalid_int(text, base);
  }
  std::size_t digits = 0;
  bool after_digit = false;
  for (const char c : rest) {
    if (c == '_' && after_digit) {
      after_digit = false;
      continue;
    }
    const int value = hex_value(c);
    if (value < 0 || value >= base) {
      throw_invalid_int(text, base);
    }
    after_digit = true;
    ++digits;
    if (__builtin_mul_overflow(result.magnitude, static_cast<std::uint64_t>(base), &result.magnitude) ||
        __builtin_add_overflow(result.magnitude, static_cast<std::uint64_t>(value), &result.magnitude)) {
      result.saturated = true;
    }
  }
  // sys.int_info.default_max_str_digits; powers of two are exempt.
  constexpr std::size_t kMaxDecimalDigits = 4300;
  if (base == 10 && digits > kMaxDecimalDigits) {
    throw ValueError("Exceeds the limit (" + std::to_string(kMaxDecimalDigits) +
                     " digits) for integer string conversion: value has " + std::to_string(digits) +
                     " digits; use sys.set_int_max_str_digits() to increase the limit");
  }
  if (result.saturated) {
    result.magnitude = std::numeric_limits<std::uint64_t>::max();
  }
  return result;
}

std::int64_t parse_int(std::string_view text, int base) {
  const Integer parsed = parse_integer(text, base);
  constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (parsed.magnitude > kLargest + (parsed.negative ? 1 : 0)) {
    throw ValueError("Python int too large to convert to C long");
  }
  return static_cast<std::int64_t>(parsed.negative ? std::uint64_t{0} - parsed.magnitude : parsed.magnitude);
}

double parse_float(std::string_view text) {
  const std::optional<std::string> plain = without_underscores(strip_if(text, is_number_space));
  if (plain) {
    std::string_view word = *plain;
    const bool negative = !word.empty() && word.front() == '-';
    if (!word.empty() && (word.front() == '+' || word.front() == '-')) {
      word.remove_prefix(1);
    }
    const std::string lower = lower_ascii(word);
    if (lower == "inf" || lower == "infinity") {
      constexpr double kInfinity = std::numeric_limits<double>::infinity();
      return negative ? -kInfinity : kInfinity;
    }
    if (lower == "nan") {
      return std::copysign(std::numeric_limits<double>::quiet_NaN(), negative ? -1.0 : 1.0);
    }
    if (is_decimal_float(*plain)) {
      // Not std::from_chars, which leaves the value unset where Python gives infinity or zero.
      return strtod_l(plain->c_str(), nullptr, c_locale());
    }
  }
  throw ValueError("could not convert string to float: " + repr_latin1(text));
}

std::string repr_bytes(std::string_view bytes) {
  const char quote = quote_for(bytes);
  std::string out = "b";
  out += quote;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (append_common_escape(out, byte, quote)) {
      continue;
    }
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

std::string float_text(double value) {
  if (std::isnan(value)) {
    return "nan";
  }
  if (std::isinf(value)) {
    return value < 0 ? "-inf" : "inf";
  }
  constexpr std::size_t kLongestShortest = 32;
  std::array<char, kLongestShortest> buffer{};
  const auto printed = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::abs(value),
                                     std::chars_format::scientific);
  const std::string_view scientific(buffer.data(), printed.ptr);
  const std::size_t mark = scientific.find('e');
  std::string digits(1, scientific.front());
  if (mark > 2) {
    digits += scientific.substr(2, mark - 2);
  }
  // The sign stands right after the mark and is always there.
  int exponent = 0;
  std::from_chars(scientific.data() + mark + 2, scientific.data() + scientific.size(), exponent);
  if (scientific[mark + 1] == '-') {
    exponent = -exponent;
  }

  std::string out = std::signbit(value) ? "-" : "";
  // float.__repr__ changes to an exponent where the point would stand outside these bounds.
  if (exponent < -4 || exponent >= 16) {
    out += digits.front();
    if (digits.size() > 1) {
      out += '.';
      out.append(digits, 1);
    }
    out += exponent < 0 ? "e-" : "e+";
    const std::string number = std::to_string(std::abs(exponent));
    out += number.size() < 2 ? "0" + number : number;
    return out;
  }
  if (exponent < 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-exponent - 1), '0');
    return out + digits;
  }
  const auto whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() <= whole) {
    digits.append(whole - digits.size(), '0');
    return out + digits + ".0";
  }
  out.append(digits, 0, whole);
  out += '.';
  out.append(digits, whole);
  return out;
}

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

bool is_true(std::string_view value) {
  constexpr auto kTrue = std::to_array<std::string_view>({"true", "1", "yes", "on", "t", "y"});
  return std::find(kTrue.begin(), kTrue.end(), lower_ascii(value)) != kTrue.end();
}

}  // namespace ssync::python
