#include "worker/sender/bandwidth_limit.h"

#include <gtest/gtest.h>

namespace ssync {
namespace {

using Clock = BandwidthLimit::Clock;
using std::chrono::milliseconds;

TEST(BandwidthLimitTest, AddsUpWhatBytesCost) {
  BandwidthLimit limit(1000);
  ASSERT_TRUE(limit.is_set());
  EXPECT_EQ(limit.most_at_once(), 100U);
  const Clock::time_point now = Clock::now();
  EXPECT_LE(limit.ready_at(), now);
  limit.account(100, now);
  EXPECT_EQ(limit.ready_at(), now + milliseconds(100));
  limit.account(50, now + milliseconds(100));
  EXPECT_EQ(limit.ready_at(), now + milliseconds(150));
  // A second without a byte is lost.
  limit.account(100, now + milliseconds(1150));
  EXPECT_EQ(limit.ready_at(), now + milliseconds(1250));
}

TEST(BandwidthLimitTest, LetsOneByteThroughAtLeast) { EXPECT_EQ(BandwidthLimit(1).most_at_once(), 1U); }

TEST(BandwidthLimitTest, MayBeNone) { EXPECT_FALSE(BandwidthLimit(0).is_set()); }

}  // namespace
}  // namespace ssync
