#include "common/python/text.h"

#include <gtest/gtest.h>

#include "common/python/repr.h"

namespace ssync::python {
namespace {

TEST(PythonTextTest, StripsAsciiSpaceOnly) {
  EXPECT_EQ(strip(" \t\n\v\f\ra b\r\n"), "a b");
  EXPECT_EQ(strip("\x1c\xa0"), "\x1c\xa0");
  EXPECT_EQ(strip("  "), "");
}

TEST(PythonTextTest, StripsUnicodeSpace) {
  EXPECT_EQ(strip_utf8(" \t\x1c\xc2\xa0\xe3\x80\x80 a\xc2\xa0z\xe2\x80\x82\xc2\x85\r\n"), "a\xc2\xa0z");
  EXPECT_EQ(strip_utf8("\xc2\xa0 \xe2\x80\xa8"), "");
  EXPECT_EQ(strip_utf8("\xa0x\x85"), "\xa0x\x85") << "not UTF-8";
  EXPECT_EQ(strip_utf8("\xef\xbb\xbfx\xe2\x80\x8b"), "\xef\xbb\xbfx\xe2\x80\x8b") << "not white space";
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

TEST(PythonTextTest, SplitsListsAtCommas) {
  using Parts = std::vector<std::string_view>;
  EXPECT_EQ(list_from_csv(" a, b c ,,d\xc2\xa0, ", strip), (Parts{"a", "b c", "d\xc2\xa0"}));
  EXPECT_EQ(list_from_csv(",a,\xc2\xa0 b\xc2\xa0,\xc2\xa0", strip_utf8), (Parts{"a", "b"}));
  EXPECT_EQ(list_from_csv("", strip), Parts{});
  EXPECT_EQ(list_from_csv(" , ", strip), Parts{});
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

TEST(ConfigTrueTest, KnowsTheTrueWords) {
  for (const std::string_view word : {"true", "1", "YES", "On", "t", "Y"}) EXPECT_TRUE(is_true(word)) << word;
  for (const std::string_view word : {"", "false", "0", " true", "2", "yes!"}) {
    EXPECT_FALSE(is_true(word)) << word;
  }
}

}  // namespace
}  // namespace ssync::python
