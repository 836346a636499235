#include "worker/sender/bandwidth_share.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace ssync {
namespace {

using Clock = BandwidthLimit::Clock;
using std::chrono::milliseconds;

constexpr auto kPatient = [] {};

class BandwidthShareTest : public ::testing::Test {
 protected:
  std::shared_ptr<BandwidthLimit> limit(std::int64_t bytes_per_second) const {
    return std::make_shared<BandwidthLimit>(bytes_per_second, now_);
  }

  Clock::time_point now_ = Clock::now();
};

TEST_F(BandwidthShareTest, MayHaveNoLimit) { EXPECT_FALSE(BandwidthShare({}, kPatient).is_limited()); }

TEST_F(BandwidthShareTest, ReservesATurn) {
  BandwidthShare share({limit(100'000)}, kPatient);
  ASSERT_TRUE(share.is_limited());
  EXPECT_EQ(share.ready_at(50'000, now_), now_);
  EXPECT_EQ(share.most_at_once(), 10'000U);
  share.account(4'000);
  EXPECT_EQ(share.ready_at(46'000, now_), now_) << "the rest of the turn";
  EXPECT_EQ(share.most_at_once(), 6'000U);
  share.account(6'000);
  EXPECT_EQ(share.ready_at(40'000, now_), now_ + milliseconds(100));
}

TEST_F(BandwidthShareTest, ReservesNoMoreThanItNeeds) {
  BandwidthShare share({limit(100'000)}, kPatient);
  EXPECT_EQ(share.ready_at(1'000, now_), now_);
  EXPECT_EQ(share.most_at_once(), 1'000U);
  share.account(1'000);
  EXPECT_EQ(share.ready_at(1'000, now_), now_ + milliseconds(10));
}

TEST_F(BandwidthShareTest, HoldsAllOfItsLimits) {
  const auto fast = limit(1'000'000);
  const auto slow = limit(100'000);
  BandwidthShare share({fast, slow}, kPatient);
  EXPECT_EQ(share.ready_at(1'000'000, now_), now_);
  EXPECT_EQ(share.most_at_once(), 10'000U);
  share.account(10'000);
  EXPECT_EQ(share.ready_at(1'000'000, now_), now_ + milliseconds(100));
  share.account(10'000);
  // The fast one knows of it, too.
  EXPECT_EQ(fast->reserve(1, now_), now_ + milliseconds(20));
}

TEST_F(BandwidthShareTest, ThoseWhoShareTakeTurns) {
  const auto shared = limit(100'000);
  BandwidthShare one({shared}, kPatient);
  BandwidthShare other({shared}, kPatient);
  for (int turn = 0; turn < 4; ++turn) {
    for (BandwidthShare* share : {&one, &other}) {
      EXPECT_EQ(share->ready_at(1'000'000, now_),
                now_ + milliseconds(share == &one ? 100 * turn : 100 * turn + 50));
      EXPECT_EQ(share->most_at_once(), 5'000U);
      share->account(5'000);
    }
  }
}

TEST_F(BandwidthShareTest, GivesItsPlacesBack) {
  const auto first = limit(10 * BandwidthLimit::kLeastEach);
  const auto second = limit(1);
  const auto whole = first->bytes_of_turn();
  {
    const BandwidthShare one({first, second}, kPatient);
    EXPECT_THROW(BandwidthShare({first, second}, [] { throw std::runtime_error("given up"); }),
                 std::runtime_error);
    EXPECT_EQ(first->bytes_of_turn(), whole);
    first->join(kPatient);
    EXPECT_EQ(first->bytes_of_turn(), whole / 2);
    first->leave();
  }
  const BandwidthShare again({first, second}, [] { FAIL() << "waits"; });
}

}  // namespace
}  // namespace ssync
