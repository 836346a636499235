#include "common/python/number.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <clocale>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <optional>

#include "common/python/ascii.h"
#include "common/python/errors.h"
#include "common/python/hex.h"
#include "common/python/repr.h"
#include "common/python/text.h"
#include "common/python/utf8.h"

namespace ssync::python {
namespace {

// int() and float() strip C's white space and Unicode's above ASCII; unlike str.strip() they refuse
// \x1c-\x1f.
constexpr bool is_number_space(char c) { return is_bytes_space(c) || c == '\x85' || c == '\xa0'; }

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
    while (i < text.size() && is_digit(text[i])) ++i;
    return i - begin;
  };
  skip_sign();
  std::size_t digits = skip_digits();
  if (i < text.size() && text[i] == '.') {
    ++i;
    digits += skip_digits();
  }
  if (digits == 0) return false;
  if (i < text.size() && to_lower(text[i]) == 'e') {
    ++i;
    skip_sign();
    if (skip_digits() == 0) return false;
  }
  return i == text.size();
}

// Without the underscores; nullopt if one is not between two digits.
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

// The zeros of the scripts that have decimal digits (Unicode's category Nd, as of Python 3.11); the other
// nine digits follow each.
constexpr auto kZeros = std::to_array<char32_t>(
    {0x0660,  0x06F0,  0x07C0,  0x0966,  0x09E6,  0x0A66,  0x0AE6,  0x0B66,  0x0BE6,  0x0C66,  0x0CE6,
     0x0D66,  0x0DE6,  0x0E50,  0x0ED0,  0x0F20,  0x1040,  0x1090,  0x17E0,  0x1810,  0x1946,  0x19D0,
     0x1A80,  0x1A90,  0x1B50,  0x1BB0,  0x1C40,  0x1C50,  0xA620,  0xA8D0,  0xA900,  0xA9D0,  0xA9F0,
     0xAA50,  0xABF0,  0xFF10,  0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450,
     0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x16A60, 0x16AC0,
     0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E950, 0x1FBF0});

char ascii_of(char32_t point) {
  if (point < 0x80) return static_cast<char>(point);
  if (is_str_space(point)) return ' ';
  const auto* const after = std::upper_bound(kZeros.begin(), kZeros.end(), point);
  if (after == kZeros.begin()) return '?';
  const char32_t digit = point - *std::prev(after);
  return digit < 10 ? static_cast<char>('0' + digit) : '?';
}

// Numbers on the wire are parsed in the C locale, whatever locale the process has set.
locale_t c_locale() {
  static const locale_t locale = ::newlocale(LC_ALL_MASK, "C", nullptr);
  return locale;
}

}  // namespace

Integer parse_integer(std::string_view text, int base) {
  std::string_view rest = strip_if(text, is_number_space);
  Integer result;
  if (!rest.empty() && (rest.front() == '+' || rest.front() == '-')) {
    result.negative = rest.front() == '-';
    rest.remove_prefix(1);
  }
  if (base == 16 && rest.size() >= 2 && rest[0] == '0' && to_lower(rest[1]) == 'x') {
    rest.remove_prefix(2);
    // An underscore may follow the prefix.
    if (!rest.empty() && rest.front() == '_') rest.remove_prefix(1);
  }
  if (rest.empty() || rest.back() == '_') throw_invalid_int(text, base);
  std::size_t digits = 0;
  bool after_digit = false;
  for (const char c : rest) {
    if (c == '_' && after_digit) {
      after_digit = false;
      continue;
    }
    const int value = hex_value(c);
    if (value < 0 || value >= base) throw_invalid_int(text, base);
    after_digit = true;
    ++digits;
    if (value != 0 || result.digits != 0) ++result.digits;
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
  if (result.saturated) result.magnitude = std::numeric_limits<std::uint64_t>::max();
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

std::int64_t to_int64(const Integer& integer) {
  constexpr auto kLargest = std::numeric_limits<std::int64_t>::max();
  if (integer.magnitude > static_cast<std::uint64_t>(kLargest)) {
    return integer.negative ? std::numeric_limits<std::int64_t>::min() : kLargest;
  }
  const auto magnitude = static_cast<std::int64_t>(integer.magnitude);
  return integer.negative ? -magnitude : magnitude;
}

double to_double(const Integer& integer) {
  constexpr auto kDigits = static_cast<std::size_t>(std::numeric_limits<double>::max_exponent10) + 1;
  if (integer.digits > kDigits) throw OverflowError("int too large to convert to float");
  const auto magnitude = static_cast<double>(integer.magnitude);
  return integer.negative ? -magnitude : magnitude;
}

std::string ascii_number(std::string_view utf8) {
  std::string out;
  out.reserve(utf8.size());
  while (!utf8.empty()) {
    const Decoded decoded = decode_utf8(utf8);
    out += decoded.length == 0 ? '?' : ascii_of(decoded.point);
    utf8.remove_prefix(std::max<std::size_t>(decoded.length, 1));
  }
  return out;
}

double parse_float(std::string_view text) {
  const std::optional<std::string> plain = without_underscores(strip_if(text, is_number_space));
  if (plain) {
    std::string_view word = *plain;
    const bool negative = !word.empty() && word.front() == '-';
    if (!word.empty() && (word.front() == '+' || word.front() == '-')) word.remove_prefix(1);
    const std::string lower = lower_ascii(word);
    if (lower == "inf" || lower == "infinity") {
      constexpr double kInfinity = std::numeric_limits<double>::infinity();
      return negative ? -kInfinity : kInfinity;
    }
    if (lower == "nan") return std::copysign(std::numeric_limits<double>::quiet_NaN(), negative ? -1.0 : 1.0);
    if (is_decimal_float(*plain)) {
      // Not std::from_chars, which leaves the value unset when Python returns infinity or zero.
      return ::strtod_l(plain->c_str(), nullptr, c_locale());
    }
  }
  throw ValueError("could not convert string to float: " + repr_latin1(text));
}

std::string float_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  constexpr std::size_t kLongestShortest = 32;
  std::array<char, kLongestShortest> buffer{};
  const auto printed = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::abs(value),
                                     std::chars_format::scientific);
  const std::string_view scientific(buffer.data(), printed.ptr);
  const std::size_t mark = scientific.find('e');
  std::string digits(1, scientific.front());
  if (mark > 2) digits += scientific.substr(2, mark - 2);
  // The exponent always has a sign.
  int exponent = 0;
  std::from_chars(scientific.data() + mark + 2, scientific.data() + scientific.size(), exponent);
  if (scientific[mark + 1] == '-') exponent = -exponent;

  std::string out = std::signbit(value) ? "-" : "";
  // float.__repr__ uses an exponent outside these bounds.
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

}  // namespace ssync::python
