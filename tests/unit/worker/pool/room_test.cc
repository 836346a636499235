#include "worker/pool/room.h"

#include <gtest/gtest.h>

namespace ssync {
namespace {

TEST(RoomTest, LeavesSomethingForEverybody) {
  struct Case {
    int workers;
    int slots;
    int beside_sessions;
    int for_one_device;
    int waiting;
  };
  const Case cases[] = {
      {12, 4, 7, 5, 3},                                          // the default
      {8, 4, 3, 2, 2},        {6, 4, 1, 1, 1}, {5, 4, 1, 1, 1},  // the least
      {8, 1, 6, 4, 1},        {2, 1, 1, 1, 1}, {20, 8, 11, 8, 7},
      {2012, 2000, 11, 8, 8}, {8, 0, 3, 2, 2},  // sessions are not limited
      {1, 0, 1, 1, 1},
  };
  for (const Case& c : cases) {
    const Room room{.workers = c.workers, .slots = c.slots};
    EXPECT_EQ(room.beside_sessions(), c.beside_sessions) << c.workers << " " << c.slots;
    EXPECT_EQ(room.for_one_device(), c.for_one_device) << c.workers << " " << c.slots;
    EXPECT_EQ(room.waiting(), c.waiting) << c.workers << " " << c.slots;
  }
}

TEST(RoomTest, UnlimitedSessionsLeaveOneWorker) {
  EXPECT_EQ((Room{.workers = 8, .slots = 0}).unlimited_sessions(), 7);
  EXPECT_EQ((Room{.workers = 1, .slots = 0}).unlimited_sessions(), 1);
}

}  // namespace
}  // namespace ssync
