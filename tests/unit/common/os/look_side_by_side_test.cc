#include "common/os/look_side_by_side.h"

#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <stdexcept>
#include <thread>

namespace ssync {
namespace {

TEST(LookSideBySideTest, AppliesInTheOrderOfTheItems) {
  std::vector<int> items(1000);
  std::iota(items.begin(), items.end(), 0);
  DiskThreads threads(8);
  std::vector<int> applied;
  look_side_by_side(
      threads, items, [](int item) { return item * 2; },
      [&](int item, int found) {
        EXPECT_EQ(found, item * 2);
        applied.push_back(item);
      });
  EXPECT_EQ(applied, items);
}

TEST(LookSideBySideTest, LooksAtAllBeforeItAppliesAnything) {
  const std::vector<int> items{1, 2, 3};
  DiskThreads threads(2);
  std::atomic<int> looked = 0;
  look_side_by_side(
      threads, items, [&](int) { return ++looked; }, [&](int, int) { EXPECT_EQ(looked, 3); });
}

TEST(LookSideBySideTest, AppliesNothingAfterAnError) {
  const std::vector<int> items{1, 2, 3};
  DiskThreads threads(2);
  int applied = 0;
  const auto run = [&] {
    look_side_by_side(
        threads, items, [](int item) { return item; },
        [&](int item, int) {
          ++applied;
          if (item == 2) throw std::runtime_error("two");
        });
  };
  EXPECT_THROW(run(), std::runtime_error);
  EXPECT_EQ(applied, 2);
}

TEST(LookSideBySideTest, AppliesInTheCallersThread) {
  const std::vector<int> items(100);
  DiskThreads threads(4);
  const auto caller = std::this_thread::get_id();
  look_side_by_side(
      threads, items, [](int item) { return item; },
      [&](int, int) { EXPECT_EQ(std::this_thread::get_id(), caller); });
}

}  // namespace
}  // namespace ssync
