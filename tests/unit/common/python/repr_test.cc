#include "common/python/repr.h"

#include <gtest/gtest.h>

namespace ssync::python {
namespace {

using std::string_literals::operator""s;

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
  for (const auto& [text, expected] : cases) EXPECT_EQ(repr_text(text), expected);
}

}  // namespace
}  // namespace ssync::python
