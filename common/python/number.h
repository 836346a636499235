// Python's int(), float() and str(float).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ssync::python {

// int(text, base) of a str for base 10 and base 16: surrounding white space (that of ASCII, \x85 and
// \xa0, but not \x1c-\x1f, which Python refuses here), a sign, underscores between digits, and for
// base 16 an optional 0x. Throws ValueError with Python's message: "invalid literal for int() with
// base 10: 'x'". Values outside int64 throw ValueError too (Python has no bound; no valid message of
// Swift's comes near it).
std::int64_t parse_int(std::string_view text, int base);

// The result of int(text, base) without parse_int()'s bound: sign and magnitude. A magnitude above 2^64-1
// reads as 2^64-1 with `saturated` set.
struct Integer {
  bool negative = false;
  bool saturated = false;
  std::uint64_t magnitude = 0;
  std::size_t digits = 0;  // without leading zeros
};
Integer parse_integer(std::string_view text, int base);

// The integer, or the nearest one that fits.
std::int64_t to_int64(const Integer& integer);
// float(integer). Throws OverflowError for more than 309 digits.
double to_double(const Integer& integer);

// A str, given as UTF-8, as int() and float() read it: the decimal digits of all scripts as ASCII ones, white
// space as a space, and what else is not ASCII as '?'.
std::string ascii_number(std::string_view utf8);

// float(text) of a str: surrounding white space, sign, underscores between digits, exponent,
// inf/infinity/nan in any case. Throws ValueError "could not convert string to float: 'x'".
double parse_float(std::string_view text);

// str(float): the shortest digits that read back equal, with '.0' or an exponent as Python
// prints it ("60.0", "0.1", "1e+16", "14.99987244606018").
std::string float_text(double value);

}  // namespace ssync::python
