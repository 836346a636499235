#include "worker/sender/bandwidth_limit.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

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
  constexpr std::size_t kSessions = 100;
  BandwidthLimit limit(kSessions * BandwidthLimit::kLeastEach, now_);
  for (std::size_t number = 0; number < kSessions; ++number) limit.join(kPatient);
  // Each asks again when its turn has come.
  std::vector<Clock::time_point> next(kSessions, now_);
  std::vector<std::size_t> sent(kSessions);
  Clock::duration longest{};
  while (*std::min_element(next.begin(), next.end()) < now_ + std::chrono::seconds(30)) {
    const auto first = std::min_element(next.begin(), next.end());
    const std::size_t bytes = limit.bytes_of_turn();
    const Clock::time_point turn = limit.reserve(bytes, *first);
    longest = std::max(longest, turn - *first);
    sent[static_cast<std::size_t>(first - next.begin())] += bytes;
    *first = std::max(*first, turn);
  }
  EXPECT_LE(longest, std::chrono::seconds(1));
  const auto [least, most] = std::minmax_element(sent.begin(), sent.end());
  EXPECT_LE(static_cast<double>(*most), 1.02 * static_cast<double>(*least));
  EXPECT_GE(*least, 30U * BandwidthLimit::kLeastEach * 98 / 100);
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
