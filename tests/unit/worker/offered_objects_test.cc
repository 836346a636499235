#include "worker/offered_objects.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "common/md5.h"

namespace ssync {
namespace {

ObjectHash hash_of(std::size_t number) { return md5_digest(std::to_string(number)); }

TEST(ParseWantedTest, ReadsPartsAsSwiftDoes) {
  const std::tuple<std::string, std::string, std::string> cases[] = {
      {"abc d", "abc", "d"},
      {"abc m", "abc", "m"},
      {"abc dm", "abc", "dm"},
      {"abc md", "abc", "dm"},
      {"abc", "abc", "d"},
      {"abc x", "abc", "d"},
      {"abc dx", "abc", "d"},
      {"abc d m", "abc", "d"},
      {"  abc \t m ", "abc", "m"},
      {"d", "d", "d"},
      {"", "", "d"},
      {std::string("abc\0 m", 6), std::string("abc\0", 4), "m"},
      {"\xff\xfe m", "\xff\xfe", "m"},
  };
  for (const auto& [line, hash, parts] : cases) {
    const WantedLine wanted = parse_wanted(line);
    EXPECT_EQ(wanted.object_hash, hash) << line;
    EXPECT_EQ(std::string(wanted.parts.data ? "d" : "") + (wanted.parts.meta ? "m" : ""), parts) << line;
  }
}

TEST(OfferedObjectsTest, FindsWhatWasOfferedAndNothingElse) {
  OfferedObjects offered;
  EXPECT_FALSE(offered.find(hash_of(0)));
  constexpr std::size_t kCount = 5000;
  for (std::size_t number = 0; number < kCount; ++number) offered.add(hash_of(number));
  EXPECT_EQ(offered.size(), kCount);
  for (std::size_t number = 0; number < kCount; ++number) {
    ASSERT_EQ(offered.find(hash_of(number)), number);
    ASSERT_EQ(offered.hash(number), hash_of(number));
    ASSERT_FALSE(offered.find(hash_of(kCount + number)));
  }
}

TEST(OfferedObjectsTest, TellsHashesApartThatBeginAlike) {
  OfferedObjects offered;
  ObjectHash hash{};
  for (unsigned char last = 0; last < 100; ++last) {
    hash[15] = last;
    offered.add(hash);
  }
  for (unsigned char last = 0; last < 100; ++last) {
    hash[15] = last;
    EXPECT_EQ(offered.find(hash), last);
  }
  hash[15] = 100;
  EXPECT_FALSE(offered.find(hash));
}

TEST(OfferedObjectsTest, CountsEachWantedObjectOnce) {
  OfferedObjects offered;
  for (std::size_t number = 0; number < 3; ++number) offered.add(hash_of(number));
  EXPECT_EQ(offered.wanted_count(), 0U);
  offered.want(1, {.data = false, .meta = true});
  EXPECT_FALSE(offered.wanted(1).data);
  EXPECT_TRUE(offered.wanted(1).meta);
  offered.want(1, {.data = true, .meta = false});
  EXPECT_TRUE(offered.wanted(1).data);
  EXPECT_TRUE(offered.wanted(1).meta);
  offered.want(2, {.data = true, .meta = false});
  EXPECT_EQ(offered.wanted_count(), 2U);
  EXPECT_FALSE(offered.wanted(0).any());
}

}  // namespace
}  // namespace ssync
