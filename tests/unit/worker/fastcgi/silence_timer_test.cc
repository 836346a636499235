#include "worker/fastcgi/silence_timer.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <cerrno>
#include <csignal>
#include <optional>

namespace ssync {
namespace {

using Clock = SilenceTimer::Clock;
using std::chrono::milliseconds;

// Blocks in a system call. When that was interrupted, or nullopt if it was not in all this time.
std::optional<Clock::time_point> interrupted_at(milliseconds patience) {
  const int result = ::poll(nullptr, 0, static_cast<int>(patience.count()));
  if (result == -1 && errno == EINTR) return Clock::now();
  return std::nullopt;
}

constexpr milliseconds kPatience{20000};
constexpr milliseconds kLimit{20};
// Many times the margin by which the timer is late, which is a millisecond at this limit.
constexpr milliseconds kLongAfter{40};

TEST(SilenceTimerTest, InterruptsACallAfterTheDeadlineAndNotBefore) {
  SilenceTimer timer(kLimit);
  for (int i = 0; i < 3; ++i) {
    const Clock::time_point deadline = Clock::now() + kLimit;
    timer.interrupt_after(deadline);
    const auto at = interrupted_at(kPatience);
    ASSERT_TRUE(at);
    EXPECT_GE(*at, deadline);
  }
}

// A deadline that moves by less than the margin leaves the timer as it is set; it must still be late enough.
TEST(SilenceTimerTest, MovesWithTheDeadline) {
  SilenceTimer timer(milliseconds(320));
  Clock::time_point deadline = Clock::now() + kLimit;
  for (int i = 0; i < 30; ++i) {
    deadline += milliseconds(3);
    timer.interrupt_after(deadline);
  }
  const auto at = interrupted_at(kPatience);
  ASSERT_TRUE(at);
  EXPECT_GE(*at, deadline);
}

// The signal that comes just before a call does not interrupt it.
TEST(SilenceTimerTest, InterruptsACallThatBlocksOnlyLater) {
  SilenceTimer timer(kLimit);
  const Clock::time_point deadline = Clock::now() + kLimit;
  timer.interrupt_after(deadline);
  for (int i = 0; i < 3; ++i) {
    while (Clock::now() < deadline + kLimit) {
    }
    ASSERT_TRUE(interrupted_at(kPatience));
  }
}

TEST(SilenceTimerTest, InterruptsAtOnceWhatIsLateAlready) {
  SilenceTimer timer(kLimit);
  timer.interrupt_after(Clock::now() - std::chrono::hours(1));
  EXPECT_TRUE(interrupted_at(kPatience));
}

TEST(SilenceTimerTest, InterruptsNothingUnlessItIsSet) {
  SilenceTimer timer(kLimit);
  EXPECT_FALSE(interrupted_at(kLongAfter));
  timer.interrupt_after(Clock::now() + kLimit);
  timer.stop();
  timer.stop();
  EXPECT_FALSE(interrupted_at(kLongAfter));
  timer.interrupt_after(Clock::now() + kLimit);
  EXPECT_TRUE(interrupted_at(kPatience)) << "after a stop it can be set again";
}

TEST(SilenceTimerTest, InterruptsNothingOnceItIsGone) {
  std::optional<SilenceTimer> timer(std::in_place, kLimit);
  timer->interrupt_after(Clock::now() + kLimit);
  timer.reset();
  EXPECT_FALSE(interrupted_at(kLongAfter));
}

// The handler stays: a signal on its way when the timer goes must not end the process.
TEST(SilenceTimerTest, ItsSignalNeverEndsTheProcess) {
  { const SilenceTimer timer(kLimit); }
  EXPECT_EQ(::raise(SIGALRM), 0);
}

}  // namespace
}  // namespace ssync
