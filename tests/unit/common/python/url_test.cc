#include "common/python/url.h"

#include <gtest/gtest.h>

namespace ssync::python {
namespace {

using std::string_literals::operator""s;

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

}  // namespace
}  // namespace ssync::python
