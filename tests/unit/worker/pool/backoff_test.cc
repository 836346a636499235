#include "worker/pool/backoff.h"

#include <gtest/gtest.h>

namespace ssync {
namespace {

using Clock = Backoff::Clock;
using Cause = Backoff::Cause;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Clock::time_point kNow{seconds(1'000'000)};

TEST(BackoffTest, TheFirstStartWaitsForNothing) { EXPECT_LE(Backoff().next_start(), kNow); }

TEST(BackoffTest, EachFailedStartDoublesTheDelay) {
  const std::pair<Cause, milliseconds> cases[] = {{Cause::crash, milliseconds(100)},
                                                  {Cause::config_error, milliseconds(1000)},
                                                  {Cause::fork, milliseconds(1000)}};
  for (const auto& [cause, first] : cases) {
    Backoff backoff;
    Clock::time_point now = kNow;
    for (milliseconds delay = first; delay < milliseconds(40000); delay *= 2) {
      backoff.note_failed_start(cause, now);
      EXPECT_EQ(backoff.next_start(), now + std::min(delay, milliseconds(30000)));
      now = backoff.next_start();
    }
    now += seconds(61);
    backoff.note_failed_start(cause, now);
    EXPECT_EQ(backoff.next_start(), now + first) << "earlier ones are forgotten";
  }
}

TEST(BackoffTest, FailuresBeforeTheNextStartCountOnce) {
  Backoff backoff;
  for (int i = 0; i < 5; ++i) backoff.note_failed_start(Cause::crash, kNow + milliseconds(i));
  EXPECT_EQ(backoff.next_start(), kNow + milliseconds(100));
}

TEST(BackoffTest, EachCauseHasADelayOfItsOwn) {
  Backoff backoff;
  backoff.note_failed_start(Cause::config_error, kNow);
  backoff.note_failed_start(Cause::crash, kNow);
  EXPECT_EQ(backoff.next_start(), kNow + seconds(1));
  backoff.note_failed_start(Cause::crash, kNow + milliseconds(100));
  backoff.note_failed_start(Cause::crash, kNow + milliseconds(300));
  EXPECT_EQ(backoff.next_start(), kNow + seconds(1));
}

TEST(BackoffTest, WhoDiesWhileServingIsReplacedAtOnce) {
  Backoff backoff;
  for (int i = 0; i < 200; ++i) backoff.note_death_while_serving(kNow);
  EXPECT_LE(backoff.next_start(), kNow);
}

TEST(BackoffTest, TheRateOfReplacementsIsBounded) {
  Backoff backoff;
  for (int i = 0; i < 220; ++i) backoff.note_death_while_serving(kNow);
  EXPECT_EQ(backoff.next_start(), kNow + seconds(1));
  for (int i = 0; i < 10000; ++i) {
    const Clock::time_point now = kNow + seconds(100) + milliseconds(100) * i;
    backoff.note_death_while_serving(now);
    EXPECT_LE(backoff.next_start(), now) << "ten a second are replaced at once for ever";
  }
}

}  // namespace
}  // namespace ssync
