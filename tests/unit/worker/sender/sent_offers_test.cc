#include "worker/sender/sent_offers.h"

#include <gtest/gtest.h>

#include <string>

#include "common/os/md5.h"

namespace ssync {
namespace {

ObjectHash hash_of(std::size_t number) { return md5_digest(std::to_string(number)); }

TEST(SentOffersTest, FindsWhatWasOfferedAndNothingElse) {
  SentOffers offered;
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

TEST(SentOffersTest, TellsHashesApartThatBeginAlike) {
  SentOffers offered;
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

TEST(SentOffersTest, CountsEachWantedObjectOnce) {
  SentOffers offered;
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
