#include "worker/receiver/missing_parts.h"

#include <gtest/gtest.h>

#include <string>

namespace ssync {
namespace {

std::string letters(WantedParts parts) {
  return std::string(parts.data ? "d" : "") + (parts.meta ? "m" : "");
}

std::optional<Timestamp> seconds(int count) {
  if (count == 0) return std::nullopt;
  return Timestamp::from_raw(count * 100000LL);
}

TEST(MissingPartsTest, DecidesAsSwiftDoes) {
  struct Case {
    const char* why;
    int offered[3];  // data, meta, content type
    int local[3];    // 0: none
    const char* parts;
  };
  const Case cases[] = {
      {"nothing here", {1, 1, 1}, {0, 0, 0}, "dm"},
      {"in sync", {1, 1, 1}, {1, 1, 1}, ""},
      {"in sync after a POST", {1, 3, 2}, {1, 3, 2}, ""},
      {"newer data", {2, 2, 2}, {1, 1, 1}, "dm"},
      {"newer data, meta older than ours", {2, 2, 2}, {1, 3, 1}, "d"},
      {"newer data than a tombstone", {2, 2, 2}, {1, 0, 0}, "d"},
      {"newer data and meta than a tombstone", {2, 3, 3}, {1, 0, 0}, "d"},
      {"meta newer than a tombstone that is newer than the data", {1, 3, 3}, {2, 0, 0}, ""},
      {"data as old as a tombstone", {1, 1, 1}, {1, 0, 0}, ""},
      {"newer meta", {1, 2, 1}, {1, 1, 1}, "m"},
      {"older data, newer meta", {1, 3, 1}, {2, 2, 2}, "m"},
      {"older meta", {1, 1, 1}, {1, 2, 1}, ""},
      {"newer content type", {1, 2, 2}, {1, 2, 1}, "m"},
      {"content type newer than ours but as old as the data", {2, 2, 2}, {2, 3, 1}, ""},
      {"older content type", {1, 2, 1}, {1, 2, 2}, ""},
      {"all older", {1, 1, 1}, {2, 2, 2}, ""},
  };
  for (const Case& c : cases) {
    const Offer offer{{}, *seconds(c.offered[0]), *seconds(c.offered[1]), *seconds(c.offered[2]), true};
    const LocalObject local{seconds(c.local[0]), seconds(c.local[1]), seconds(c.local[2])};
    EXPECT_EQ(letters(missing_parts(offer, local)), c.parts) << c.why;
  }
}

TEST(MissingParts2013Test, ComparesWithTheNewestThatIsHere) {
  const auto wanted = [](int offered, int data, int meta) {
    const LocalObject local{seconds(data), seconds(meta), seconds(data)};
    const WantedParts parts =
        missing_parts(Offer::of({}, *seconds(offered)), local, Dialect::replication_2013);
    EXPECT_FALSE(parts.meta);
    return parts.data;
  };
  EXPECT_TRUE(wanted(1, 0, 0));
  EXPECT_TRUE(wanted(2, 1, 0));  // a tombstone
  EXPECT_FALSE(wanted(1, 1, 0));
  EXPECT_TRUE(wanted(3, 1, 2));
  EXPECT_FALSE(wanted(2, 1, 2));
  EXPECT_FALSE(wanted(2, 1, 3));
}

}  // namespace
}  // namespace ssync
