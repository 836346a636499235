#include "worker/sender/bandwidth_limit.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace ssync {
namespace {

using Clock = BandwidthLimit::Clock;
using std::chrono::milliseconds;

constexpr auto kPatient = [] {};

class BandwidthLimitTest : public ::testing::Test {
 protected:
  Clock::time_point now_ = Clock::now();
};

TEST_F(BandwidthLimitTest, AddsUpWhatBytesCost) {
  BandwidthLimit limit(1000, now_);
  EXPECT_EQ(limit.reserve(100, now_), now_);
  EXPECT_EQ(limit.reserve(50, now_), now_ + milliseconds(100));
  EXPECT_EQ(limit.reserve(100, now_ + milliseconds(120)), now_ + milliseconds(150));
}

// Whoever is woken late does not lose what it could have sent meanwhile.
TEST_F(BandwidthLimitTest, KeepsALittleOfWhatWasNotUsed) {
  BandwidthLimit limit(1000, now_);
  const Clock::time_point later = now_ + milliseconds(1150);
  EXPECT_EQ(limit.reserve(100, later), later - milliseconds(150));
  EXPECT_EQ(limit.reserve(100, later), later - milliseconds(50));
  EXPECT_EQ(limit.reserve(100, later), later + milliseconds(50));
}

TEST_F(BandwidthLimitTest, NeverLetsMoreThanAQuarterOfASecondGoAtOnce) {
  BandwidthLimit limit(1'000'000, now_);
  const Clock::time_point later = now_ + std::chrono::hours(1);
  std::size_t at_once = 0;
  for (std::size_t bytes = limit.bytes_of_turn(); limit.reserve(bytes, later) <= later;) at_once += bytes;
  EXPECT_LE(at_once, 250'000U);
}

TEST_F(BandwidthLimitTest, ThoseWhoShareItShareATurn) {
  BandwidthLimit limit(1'000'000, now_);
  EXPECT_EQ(limit.bytes_of_turn(), 100'000U);
  limit.join(kPatient);
  EXPECT_EQ(limit.bytes_of_turn(), 100'000U);
  for (int number = 1; number < 10; ++number) limit.join(kPatient);
  EXPECT_EQ(limit.bytes_of_turn(), 10'000U);
  for (int number = 1; number < 10; ++number) limit.leave();
  EXPECT_EQ(limit.bytes_of_turn(), 100'000U);
  EXPECT_EQ(BandwidthLimit(1).bytes_of_turn(), 1U);
}

// However many there are, everyone's turn comes again within a second, and all get the same.
TEST_F(BandwidthLimitTest, NobodyWaitsForLong) {
  constexpr std::size_t kSessions = 50;
  constexpr std::size_t kSeconds = 10;
  BandwidthLimit limit(kSessions * BandwidthLimit::kLeastEach, now_);
  std::set<std::pair<Clock::time_point, std::size_t>> next;  // who asks again, when its turn has come
  for (std::size_t number = 0; number < kSessions; ++number) {
    limit.join(kPatient);
    next.emplace(now_, number);
  }
  std::vector<std::size_t> sent(kSessions);
  Clock::duration longest{};
  while (next.begin()->first < now_ + std::chrono::seconds(kSeconds)) {
    const auto [now, number] = *next.begin();
    next.erase(next.begin());
    const std::size_t bytes = limit.bytes_of_turn();
    const Clock::time_point turn = limit.reserve(bytes, now);
    longest = std::max(longest, turn - now);
    sent[number] += bytes;
    next.emplace(std::max(now, turn), number);
  }
  EXPECT_LE(longest, std::chrono::seconds(1));
  const auto [least, most] = std::minmax_element(sent.begin(), sent.end());
  EXPECT_LE(*most - *least, 2 * limit.bytes_of_turn());
  EXPECT_GE(*least, kSeconds * BandwidthLimit::kLeastEach * 98 / 100);
}

TEST_F(BandwidthLimitTest, WhoWouldGetTooLittleWaitsForAPlace) {
  BandwidthLimit limit(2 * BandwidthLimit::kLeastEach, now_);
  limit.join(kPatient);
  limit.join(kPatient);
  EXPECT_THROW(limit.join([] { throw std::runtime_error("given up"); }), std::runtime_error);
  EXPECT_EQ(limit.bytes_of_turn(), static_cast<std::size_t>(BandwidthLimit::kLeastEach / 10));
  std::thread third([&] { limit.join(kPatient); });
  limit.leave();
  third.join();
  // One has a place always.
  BandwidthLimit(1).join([] { FAIL() << "waits"; });
}

}  // namespace
}  // namespace ssync
