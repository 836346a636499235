#include "worker/pool/backoff.h"

#include <gtest/gtest.h>

#include <thread>

namespace ssync {
namespace {

using Clock = Backoff::Clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

// What this death adds to the time of the next start, rounded to whole steps of 100 ms; the delay begins at
// some moment within the call.
milliseconds delay_after(Backoff& backoff, Clock::duration lifetime, Backoff::Cause cause) {
  const Clock::time_point before = Clock::now();
  backoff.note_death(lifetime, cause);
  const Clock::time_point after = Clock::now();
  if (backoff.next_start() <= before) return milliseconds(0);
  const auto least = std::chrono::ceil<milliseconds>(backoff.next_start() - after);
  const auto most = std::chrono::floor<milliseconds>(backoff.next_start() - before);
  const auto rounded = (most / 100) * 100;
  EXPECT_LE(least, rounded);
  return rounded;
}

TEST(BackoffTest, DelaysTheNextStartOnlyAfterAShortLife) {
  struct Case {
    const char* why;
    Clock::duration lifetime;
    Backoff::Cause cause;
    milliseconds delay;
  };
  const Case cases[] = {
      {"died at once", {}, Backoff::Cause::crash, milliseconds(100)},
      {"died within a second", milliseconds(999), Backoff::Cause::crash, milliseconds(100)},
      {"lived a second", seconds(1), Backoff::Cause::crash, milliseconds(0)},
      {"lived long", seconds(1000), Backoff::Cause::crash, milliseconds(0)},
      {"cannot read its configuration", {}, Backoff::Cause::config_error, milliseconds(1000)},
      {"lived long on a bad configuration", seconds(1), Backoff::Cause::config_error, milliseconds(0)},
  };
  for (const Case& c : cases) {
    Backoff backoff;
    EXPECT_LE(backoff.next_start(), Clock::now()) << "the first start waits for nothing";
    EXPECT_EQ(delay_after(backoff, c.lifetime, c.cause), c.delay) << c.why;
  }
}

TEST(BackoffTest, AFailedForkWaitsAsLongAsABadConfiguration) {
  Backoff backoff;
  const Clock::time_point before = Clock::now();
  backoff.note_failed_fork();
  EXPECT_GE(backoff.next_start(), before + seconds(1));
  EXPECT_LE(backoff.next_start(), Clock::now() + seconds(1));
}

TEST(BackoffTest, DeathsBeforeTheNextStartCountOnce) {
  Backoff backoff;
  backoff.note_death({}, Backoff::Cause::config_error);
  const Clock::time_point next = backoff.next_start();
  for (int i = 0; i < 5; ++i) backoff.note_death({}, Backoff::Cause::crash);
  backoff.note_failed_fork();
  EXPECT_EQ(backoff.next_start(), next);
}

TEST(BackoffTest, EachDeathAfterADelayedStartDoublesTheDelay) {
  Backoff backoff;
  EXPECT_EQ(delay_after(backoff, {}, Backoff::Cause::crash), milliseconds(100));
  std::this_thread::sleep_until(backoff.next_start());
  EXPECT_EQ(delay_after(backoff, {}, Backoff::Cause::crash), milliseconds(200));
  std::this_thread::sleep_until(backoff.next_start());
  // The least of this cause is more than twice the delay before.
  EXPECT_EQ(delay_after(backoff, {}, Backoff::Cause::config_error), milliseconds(1000));
}

}  // namespace
}  // namespace ssync
