#include "worker/http/etag_list.h"

#include <gtest/gtest.h>

namespace ssync {
namespace {

TEST(EtagTest, LosesItsQuotes) {
  EXPECT_EQ(unquoted_etag("\"abc\""), "abc");
  EXPECT_EQ(unquoted_etag("abc"), "abc");
  EXPECT_EQ(unquoted_etag("\"abc"), "\"abc");
  EXPECT_EQ(unquoted_etag("\"\""), "");
  EXPECT_EQ(unquoted_etag("\""), "\"");
}

TEST(EtagListTest, HoldsEtagsOrAStar) {
  EXPECT_TRUE(etag_list_has("*", "abc"));
  EXPECT_TRUE(etag_list_has("abc", "abc"));
  EXPECT_TRUE(etag_list_has("x, \"abc\" ,y", "abc"));
  EXPECT_TRUE(etag_list_has("x,*", "abc"));
  EXPECT_FALSE(etag_list_has("", "abc"));
  EXPECT_FALSE(etag_list_has(",, ", ""));
  EXPECT_FALSE(etag_list_has("abcd,ab", "abc"));
}

}  // namespace
}  // namespace ssync
