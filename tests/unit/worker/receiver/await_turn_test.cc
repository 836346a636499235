#include "worker/receiver/await_turn.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "common/os/errors.h"
#include "tests/unit/temporary_device.h"

namespace ssync {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

BoardRequest session_of(const std::string& partition) {
  return {.method = "SSYNC", .device = "sda1", .partition = partition};
}

class AwaitTurnTest : public ::testing::Test {
 protected:
  AwaitTurnTest() { device_.receiver().replication_lock_timeout = 20; }

  TemporaryDevice device_;
  const Session session_{.settings = device_.receiver(), .partition = device_.partition(), .device = "sda1"};
  Board board_{4, {.workers = 8}};
  BoardPlace mine_{board_, board_.use()};
  BoardPlace others_{board_, board_.use()};
};

TEST_F(AwaitTurnTest, WithoutOthersNothingIsWaitedFor) {
  Admission admission(mine_, session_of("7"), 1);
  const double left = await_turn(admission, session_, [] {
    ADD_FAILURE() << "a wait";
    return false;
  });
  EXPECT_GT(left, 0);
  EXPECT_LE(left, 20);
}

TEST_F(AwaitTurnTest, TheTurnComesWhenAnotherSessionLeaves) {
  for (const char* partition : {"7", "8"}) {
    Admission other(others_, session_of(partition), 1);
    ASSERT_EQ(other.take_turn(), Turn::taken);
    Admission admission(mine_, session_of("7"), 1);
    int looks = 0;
    const double left = await_turn(admission, session_, [&] {
      if (++looks == 3) other.leave();
      return false;
    });
    EXPECT_GT(left, 0);
    EXPECT_EQ(looks, 3) << "the next look has it";
  }
}

// It looks every 10 ms without that: so soon each time would be luck.
TEST_F(AwaitTurnTest, ADepartureWakesWhoWaits) {
  Clock::duration shortest = Clock::duration::max();
  Clock::duration all{};
  constexpr int kRounds = 40;
  for (int round = 0; round < kRounds; ++round) {
    Admission other(others_, session_of("7"), 1);
    ASSERT_EQ(other.take_turn(), Turn::taken);
    Admission admission(mine_, session_of("7"), 1);
    std::atomic<bool> has_looked = false;
    Clock::time_point left_at;
    const std::jthread leaving([&] {
      while (!has_looked) std::this_thread::yield();
      std::this_thread::sleep_for(milliseconds(1));
      left_at = Clock::now();
      other.leave();
    });
    await_turn(admission, session_, [&] {
      has_looked = true;
      return false;
    });
    const Clock::duration late = Clock::now() - left_at;
    shortest = std::min(shortest, late);
    all += late;
  }
  EXPECT_LT(shortest, milliseconds(4));
  EXPECT_LT(all / kRounds, milliseconds(8));
}

TEST_F(AwaitTurnTest, LooksAgainWithoutAnAnnouncement) {
  Admission other(others_, session_of("7"), 1);
  ASSERT_EQ(other.take_turn(), Turn::taken);
  Admission admission(mine_, session_of("7"), 1);
  const Clock::time_point begun = Clock::now();
  int looks = 0;
  EXPECT_THROW(await_turn(admission, session_, [&] { return ++looks == 3; }), Interrupted);
  EXPECT_LT(Clock::now() - begun, milliseconds(1000));
}

}  // namespace
}  // namespace ssync
