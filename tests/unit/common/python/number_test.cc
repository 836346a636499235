#include "common/python/number.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "common/python/errors.h"
#include "common/python/text.h"
#include "tests/unit/thrown_message.h"

namespace ssync::python {
namespace {

using std::string_literals::operator""s;

TEST(PythonIntTest, ReadsWhatPythonReads) {
  struct Case {
    std::string text;
    int base;
    std::int64_t expected;
  };
  const Case cases[] = {
      {"0", 10, 0},
      {" \t\n\v\f\r12 ", 10, 12},
      {"\x85\xa0-7\xa0", 10, -7},
      {"+1_000", 10, 1000},
      {"007", 10, 7},
      {"9223372036854775807", 10, std::numeric_limits<std::int64_t>::max()},
      {"-9223372036854775808", 10, std::numeric_limits<std::int64_t>::min()},
      {"ff", 16, 255},
      {"-0XfF", 16, -255},
      {"0x_f", 16, 15},
      {"0b1", 16, 177},
      {"1e_5", 16, 485},
  };
  for (const Case& c : cases) EXPECT_EQ(parse_int(c.text, c.base), c.expected) << c.text;
}

TEST(PythonIntTest, RefusesWithPythonsMessage) {
  struct Case {
    std::string text;
    int base;
    std::string repr;
  };
  const Case cases[] = {
      {"", 10, "''"},
      {" ", 10, "' '"},
      {"1_", 10, "'1_'"},
      {"_1", 10, "'_1'"},
      {"1__1", 10, "'1__1'"},
      {"+-1", 10, "'+-1'"},
      {"- 1", 10, "'- 1'"},
      {"\x1c"
       "1",
       10, "'\\x1c1'"},
      {"1\0"s, 10, "'1\\x00'"},
      {"it's", 10, "\"it's\""},
      {"\xe9", 10, "'\xc3\xa9'"},
      {"f", 10, "'f'"},
      {"0x", 16, "'0x'"},
      {"0x__f", 16, "'0x__f'"},
      {"g", 16, "'g'"},
      // The repr() is cut at 200 characters, its opening quote included.
      {std::string(300, '\xe9'), 10, "'" + latin1_to_utf8(std::string(199, '\xe9'))},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(thrown_message<ValueError>([&] { parse_int(c.text, c.base); }),
              "invalid literal for int() with base " + std::to_string(c.base) + ": " + c.repr);
  }
}

TEST(PythonIntTest, BoundsTheSize) {
  EXPECT_THROW(parse_int("9223372036854775808", 10), ValueError);
  EXPECT_THROW(parse_int("-9223372036854775809", 10), ValueError);
  EXPECT_EQ(parse_integer("ffffffffffffffff", 16).magnitude, std::numeric_limits<std::uint64_t>::max());
  EXPECT_FALSE(parse_integer("ffffffffffffffff", 16).saturated);
  EXPECT_TRUE(parse_integer("-10000000000000000", 16).saturated);
  EXPECT_TRUE(parse_integer("-10000000000000000", 16).negative);
  EXPECT_EQ(thrown_message<ValueError>([] { parse_int(std::string(4301, '0'), 10); }),
            "Exceeds the limit (4300 digits) for integer string conversion: value has 4301 digits; use "
            "sys.set_int_max_str_digits() to increase the limit");
  EXPECT_EQ(parse_int(std::string(4300, '0'), 10), 0);
}

TEST(PythonIntTest, ReadsDigitsOfAllScripts) {
  const std::pair<std::string, std::string> cases[] = {
      {"12 x", "12 x"},
      {"\u0663\u0660\u0669", "309"},   // Arabic-Indic
      {"\u00a0\uff11\u3000", " 1 "},   // full width, with blanks
      {"\U0001d7d9\U0001fbf9", "19"},  // mathematical, of legacy computers
      {"\u00b2\u0661\u00d7", "?1?"},   // a superscript is no decimal digit
      {"\u066a\u065f", "??"},          // beside the ten
      {"\xff\xd9", "??"},              // no UTF-8
  };
  for (const auto& [text, ascii] : cases) EXPECT_EQ(ascii_number(text), ascii);
}

TEST(PythonIntTest, GoesToTheNearestOfABoundedType) {
  const auto of = [](const std::string& text) { return parse_integer(text, 10); };
  EXPECT_EQ(to_int64(of("-9223372036854775808")), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(to_int64(of("9223372036854775808")), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(to_int64(of("-99999999999999999999999")), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(to_int64(of("-5")), -5);
  EXPECT_EQ(to_double(of("-5")), -5.0);
  EXPECT_GT(to_double(of("000" + std::string(309, '1'))), 1e18);
  EXPECT_THROW(to_double(of(std::string(310, '1'))), OverflowError);
}

TEST(PythonFloatTest, ReadsWhatPythonReads) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const std::pair<std::string, double> cases[] = {
      {"1", 1.0},           {" -1.5\n", -1.5},      {"\xa0+.5\x85", 0.5},
      {"5.", 5.0},          {"1_0.0_1", 10.01},     {"1e1_0", 1e10},
      {"1E-3", 0.001},      {"iNf", kInfinity},     {"-Infinity", -kInfinity},
      {"1e400", kInfinity}, {"-1e400", -kInfinity}, {"1e-400", 0.0},
      {"4.9e-324", 5e-324},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(parse_float(text), expected) << text;
  EXPECT_TRUE(std::isnan(parse_float("+NaN")));
}

TEST(PythonFloatTest, RefusesWithPythonsMessage) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "''"},
      {"x", "'x'"},
      {".", "'.'"},
      {"1e", "'1e'"},
      {"1e+", "'1e+'"},
      {"_1", "'_1'"},
      {"1_", "'1_'"},
      {"1_.0", "'1_.0'"},
      {"in_f", "'in_f'"},
      {"0x1p3", "'0x1p3'"},
      {"1 2", "'1 2'"},
      {"1\0"s, "'1\\x00'"},
      {"1\x1f", "'1\\x1f'"},
      {"nan(1)", "'nan(1)'"},
      {"\xb2", "'\xc2\xb2'"},
      {"1..2", "'1..2'"},
  };
  for (const auto& [text, repr] : cases) {
    EXPECT_EQ(thrown_message<ValueError>([&, &t = text] { parse_float(t); }),
              "could not convert string to float: " + repr);
  }
}

TEST(PythonFloatTest, PrintsTheShortestDigits) {
  const std::pair<double, std::string> cases[] = {
      {60.0, "60.0"},
      {0.1, "0.1"},
      {1e16, "1e+16"},
      {9999999999999998.0, "9999999999999998.0"},
      {0.0001, "0.0001"},
      {0.00001, "1e-05"},
      {1.5e-7, "1.5e-07"},
      {14.99987244606018, "14.99987244606018"},
      {-0.0, "-0.0"},
      {1e100, "1e+100"},
      {123456.0, "123456.0"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {-1.25, "-1.25"},
      {std::numeric_limits<double>::infinity(), "inf"},
      {-std::numeric_limits<double>::infinity(), "-inf"},
      {std::numeric_limits<double>::quiet_NaN(), "nan"},
  };
  for (const auto& [value, expected] : cases) EXPECT_EQ(float_text(value), expected);
}

}  // namespace
}  // namespace ssync::python
