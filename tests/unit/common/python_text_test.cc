#include "common/python_text.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cmath>
#include <limits>

#include "common/errors.h"

namespace ssync::python {
namespace {

using std::string_literals::operator""s;

template <typename Function>
std::string error_of(Function function) {
  try {
    function();
  } catch (const ValueError& error) {
    return error.what();
  }
  return "no error";
}

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
  for (const Case& c : cases) {
    EXPECT_EQ(parse_int(c.text, c.base), c.expected) << c.text;
  }
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
    EXPECT_EQ(error_of([&] { parse_int(c.text, c.base); }),
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
  EXPECT_EQ(error_of([] { parse_int(std::string(4301, '0'), 10); }),
            "Exceeds the limit (4300 digits) for integer string conversion: value has 4301 digits; use "
            "sys.set_int_max_str_digits() to increase the limit");
  EXPECT_EQ(parse_int(std::string(4300, '0'), 10), 0);
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
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(parse_float(text), expected) << text;
  }
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
    EXPECT_EQ(error_of([&, &t = text] { parse_float(t); }), "could not convert string to float: " + repr);
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
  for (const auto& [value, expected] : cases) {
    EXPECT_EQ(float_text(value), expected);
  }
}

TEST(PythonTextTest, StripsAsciiSpaceOnly) {
  EXPECT_EQ(strip(" \t\n\v\f\ra b\r\n"), "a b");
  EXPECT_EQ(strip("\x1c\xa0"), "\x1c\xa0");
  EXPECT_EQ(strip("  "), "");
}

TEST(PythonTextTest, SplitsWordsAtStrSpace) {
  using Words = std::vector<std::string_view>;
  EXPECT_EQ(split_words(" a\tbc\x1f"
                        "d e ",
                        9),
            (Words{"a", "bc", "d", "e"}));
  EXPECT_EQ(split_words("a b c", 2), (Words{"a", "b"}));
  EXPECT_EQ(split_words(" \n ", 2), Words{});
}

TEST(PythonTextTest, ChangesCase) {
  EXPECT_EQ(lower_latin1("AZ\xc0\xd7\xde\xdf\xb5"), "az\xe0\xd7\xfe\xdf\xb5");
  EXPECT_EQ(lower_ascii("AbZ\xc0"), "abz\xc0");
  EXPECT_EQ(upper_ascii("abz\xe0"), "ABZ\xe0");
  EXPECT_EQ(title_ascii("x-oBJECT_meta1a \xe9"
                        "a"),
            "X-Object_Meta1A \xe9"
            "A");
}

TEST(PythonTextTest, TitlesLatin1BeyondLatin1) {
  const std::pair<std::string, std::string> cases[] = {
      {"x-FOO", "X-Foo"},
      {"\xff\xff", "\xc5\xb8\xc3\xbf"},
      {"\xb5\xb5", "\xce\x9c\xc2\xb5"},
      {"\xdf\xdf", "Ss\xc3\x9f"},
      {"\xe9\xc9", "\xc3\x89\xc3\xa9"},
      {"\xaa"
       "A",
       "\xc2\xaa"
       "a"},
      {"\xf7"
       "a",
       "\xc3\xb7"
       "A"},
      {"a\xd7"
       "b",
       "A\xc3\x97"
       "B"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(title_latin1_to_utf8(text), expected);
  }
}

TEST(PythonTextTest, ConvertsBetweenLatin1AndUtf8) {
  EXPECT_EQ(latin1_to_utf8("a\x80\xff"), "a\xc2\x80\xc3\xbf");
  EXPECT_EQ(utf8_to_latin1("a\xc2\x80\xc3\xbf"), "a\x80\xff");
  EXPECT_EQ(utf8_to_latin1("\xc4\x80"), std::nullopt);
  EXPECT_EQ(utf8_to_latin1("\xc3"), std::nullopt);
}

TEST(PythonTextTest, AcceptsStrictUtf8Only) {
  for (const std::string_view valid : {"", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
                                       "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(valid)) << repr_bytes(valid);
  }
  for (const std::string_view invalid :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xe2\x82",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\xe2\x28\xa1"}) {
    EXPECT_FALSE(is_utf8(invalid)) << repr_bytes(invalid);
  }
  EXPECT_EQ(utf8_length("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), 4U);
}

TEST(PythonReprTest, QuotesBytes) {
  EXPECT_EQ(repr_bytes("a"), "b'a'");
  EXPECT_EQ(repr_bytes("it's"), "b\"it's\"");
  EXPECT_EQ(repr_bytes("'\""), "b'\\'\"'");
  EXPECT_EQ(repr_bytes("\t\n\r\\\0\x7f\xe9"s), "b'\\t\\n\\r\\\\\\x00\\x7f\\xe9'");
}

TEST(PythonReprTest, QuotesText) {
  const std::pair<std::string, std::string> cases[] = {
      {"a", "'a'"},
      {"it's", "\"it's\""},
      {"'\"", "'\\'\"'"},
      {"\t\n\r\\\0\x7f"s, "'\\t\\n\\r\\\\\\x00\\x7f'"},
      {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "'\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80'"},
      {"\xc2\x85\xc2\xa0\xc2\xad", "'\\x85\\xa0\\xad'"},
      {"\xe2\x80\xa8\xef\xbb\xbf", "'\\u2028\\ufeff'"},
      {"\xf3\xa0\x80\x81", "'\\U000e0001'"},
      {"\xff\xed\xa0\x80", "'\\udcff\\udced\\udca0\\udc80'"},
  };
  for (const auto& [text, expected] : cases) {
    EXPECT_EQ(repr_text(text), expected);
  }
}

TEST(PythonUrlTest, Unquotes) {
  EXPECT_EQ(unquote("a%20b%2Fc%c3%A9+"), "a b/c\xc3\xa9+");
  EXPECT_EQ(unquote("%"), "%");
  EXPECT_EQ(unquote("%4"), "%4");
  EXPECT_EQ(unquote("%zz%%41"), "%zz%A");
  EXPECT_EQ(unquote("%00"), "\0"s);
}

TEST(PythonUrlTest, Quotes) {
  EXPECT_EQ(quote("/a b_.-~\xc3\xa9+%"), "/a%20b_.-~%C3%A9%2B%25");
  EXPECT_EQ(quote_plus("/a b_.-~\xc3\xa9+%"), "%2Fa+b_.-~%C3%A9%2B%25");
}

TEST(ConfigTrueTest, KnowsTheTrueWords) {
  for (const std::string_view word : {"true", "1", "YES", "On", "t", "Y"}) {
    EXPECT_TRUE(is_true(word)) << word;
  }
  for (const std::string_view word : {"", "false", "0", " true", "2", "yes!"}) {
    EXPECT_FALSE(is_true(word)) << word;
  }
}

TEST(OsErrorTest, ReadsAsPythonsOsError) {
  const OsError error(ENOENT, "/srv/it's");
  EXPECT_STREQ(error.what(), "[Errno 2] No such file or directory: \"/srv/it's\"");
  EXPECT_EQ(error.code(), ENOENT);
  EXPECT_EQ(error.path(), "/srv/it's");
  EXPECT_STREQ(OsError(EACCES, "").what(), "[Errno 13] Permission denied");
}

TEST(OsErrorTest, ThrowsThePresentErrno) {
  errno = ENOSPC;
  try {
    throw_os_error("/x");
  } catch (const OsError& error) {
    EXPECT_STREQ(error.what(), "[Errno 28] No space left on device: '/x'");
  }
}

}  // namespace
}  // namespace ssync::python
