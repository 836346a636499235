#include "worker/check/text_table.h"

#include <gtest/gtest.h>

namespace ssync {
namespace {

TEST(TextTableTest, AlignsColumns) {
  EXPECT_EQ(text_table({{"a", "bb", "c"}, {"long", "x", ""}, {"\xc3\xa9", "z"}}),
            "  a     bb  c\n"
            "  long  x\n"
            "  \xc3\xa9     z\n");
  EXPECT_EQ(text_table({}), "");
}

TEST(TextTableTest, KeepsARowOnOneLine) {
  EXPECT_EQ(text_table({{"a\nb", "\x1b[31m"}}), "  a\\nb  \\x1b[31m\n");
}

TEST(TextTableTest, WritesSizes) {
  EXPECT_EQ(size_text(0), "0 B");
  EXPECT_EQ(size_text(1023), "1023 B");
  EXPECT_EQ(size_text(1536), "1.5 KiB");
  EXPECT_EQ(size_text(2e12), "1.8 TiB");
  EXPECT_EQ(size_text(2e21), "1776356.8 PiB");
}

}  // namespace
}  // namespace ssync
