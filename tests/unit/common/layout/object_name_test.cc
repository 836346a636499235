#include "common/layout/object_name.h"

#include <gtest/gtest.h>

#include "tests/unit/temporary_device.h"

namespace ssync {
namespace {

std::string joined(const std::optional<std::vector<std::string>>& segments) {
  if (!segments) return "refused";
  std::string text;
  for (const std::string& segment : *segments) text.append("[").append(segment).append("]");
  return text;
}

TEST(SplitPathTest, SplitsAsSwiftDoes) {
  struct Case {
    const char* path;
    std::size_t min;
    std::size_t max;
    Rest rest;
    const char* segments;
  };
  const Case cases[] = {
      {"", 1, 1, Rest::refuse, "refused"},
      {"/", 1, 1, Rest::refuse, "refused"},
      {"//", 1, 1, Rest::refuse, "refused"},
      {"//a", 1, 1, Rest::refuse, "refused"},
      {"a", 1, 1, Rest::refuse, "refused"},
      {"/a", 1, 1, Rest::refuse, "[a]"},
      {"/a/", 1, 1, Rest::refuse, "[a]"},
      {"/a//", 1, 1, Rest::refuse, "refused"},
      {"/a/c", 1, 1, Rest::refuse, "refused"},
      {"/a", 2, 2, Rest::refuse, "refused"},
      {"/a/c", 2, 2, Rest::refuse, "[a][c]"},
      {"/a/c/", 2, 2, Rest::refuse, "[a][c]"},
      {"/a/c/o", 2, 2, Rest::refuse, "refused"},
      {"/a//c", 2, 2, Rest::refuse, "refused"},
      {"/a/", 2, 2, Rest::refuse, "refused"},
      {"/a", 1, 2, Rest::refuse, "[a]"},
      {"/a/", 1, 2, Rest::refuse, "[a][]"},
      {"/a/c/o", 3, 3, Rest::with_last, "[a][c][o]"},
      {"/a/c/o/r", 3, 3, Rest::with_last, "[a][c][o/r]"},
      {"/a/c/o//r/", 3, 3, Rest::with_last, "[a][c][o//r/]"},
      {"/a/c//", 3, 3, Rest::with_last, "[a][c][/]"},
      {"/a/c/", 3, 3, Rest::with_last, "refused"},
      {"/a/c", 3, 3, Rest::with_last, "refused"},
      {"/a//o", 3, 3, Rest::with_last, "refused"},
      {"//c/o", 3, 3, Rest::with_last, "refused"},
      {"/a", 1, 3, Rest::with_last, "[a]"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(joined(split_path(c.path, c.min, c.max, c.rest)), c.segments)
        << c.path << " " << c.min << " " << c.max;
  }
}

TEST(ObjectNameTest, ReadsThreeSegmentsAndKeepsTheLastOnesSlashes) {
  const auto name = ObjectName::parse("/a/c/o/with//slashes/");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->account, "a");
  EXPECT_EQ(name->container, "c");
  EXPECT_EQ(name->object, "o/with//slashes/");
  EXPECT_EQ(name->path(), "/a/c/o/with//slashes/");
  for (const char* text : {"", "/a", "/a/c", "/a/c/", "a/c/o", "/a//o"}) {
    EXPECT_FALSE(ObjectName::parse(text)) << text;
  }
}

TEST(HashPathTest, MixesTheSecretsIn) {
  TemporaryDevice device;
  const ObjectName name{"a", "c", "o"};
  // swift.common.utils.hash_path('a', 'c', 'o')
  EXPECT_EQ(hash_path(device.conf(), name), "2f714cd91b0e5d803cde2012b01d7099");
  device.conf().hash_path_prefix = "start";
  EXPECT_EQ(hash_path(device.conf(), name), "d1610a9fa8ed687710d7b2598df02c01");
  device.conf().hash_path_suffix = "";
  EXPECT_EQ(hash_path(device.conf(), ObjectName{"a", "c", "\xc3\xa9"}), "20d5085d0e2f8cf44c8d715637330da5");
}

TEST(ObjectHashTest, IsThirtyTwoLowerCaseHexDigits) {
  EXPECT_TRUE(is_object_hash("0123456789abcdef0123456789abcdef"));
  for (const char* text : {"", "0123456789abcdef0123456789abcde", "0123456789abcdef0123456789abcdef0",
                           "0123456789ABCDEF0123456789abcdef", "../3456789abcdef0123456789abcdef",
                           "0123456789abcdef0123456789abcdeg"}) {
    EXPECT_FALSE(is_object_hash(text)) << text;
  }
}

}  // namespace
}  // namespace ssync
