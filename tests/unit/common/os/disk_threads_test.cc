#include "common/os/disk_threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/unit/thread_count.h"

namespace ssync {
namespace {

TEST(DiskThreadsTest, CallsEachTaskOnce) {
  DiskThreads threads(4);
  for (const std::size_t size : {0U, 1U, 2U, 3U, 4U, 5U, 100U, 1000U}) {
    std::vector<std::atomic<int>> calls(size);
    threads.for_each(size, [&](std::size_t index) { ++calls[index]; });
    for (const std::atomic<int>& count : calls) EXPECT_EQ(count, 1) << size;
  }
}

// So many tasks that return only once all of them are there together.
void meet(DiskThreads& threads, std::size_t size) {
  std::mutex mutex;
  std::condition_variable all_here;
  std::size_t here = 0;
  threads.for_each(size, [&](std::size_t) {
    std::unique_lock lock(mutex);
    if (++here == size) all_here.notify_all();
    all_here.wait(lock, [&] { return here == size; });
  });
  EXPECT_EQ(here, size);
}

TEST(DiskThreadsTest, RunsAsManyTasksAtATimeAsItHasThreads) {
  DiskThreads threads(5);
  meet(threads, 5);
}

TEST(DiskThreadsTest, NoMoreAtOnceThanAskedFor) {
  DiskThreads threads(8);
  std::atomic<int> now = 0;
  std::atomic<int> most = 0;
  for (int round = 0; round < 50; ++round) {
    threads.for_each(
        40,
        [&](std::size_t) {
          const int here = ++now;
          for (int seen = most; here > seen && !most.compare_exchange_weak(seen, here);) {
          }
          std::this_thread::yield();
          --now;
        },
        3);
  }
  EXPECT_LE(most, 3);
}

TEST(DiskThreadsTest, EndsItsThreadsAndStartsThemAnew) {
  const auto before = thread_count();
  DiskThreads threads(4);
  threads.end_all_but(0);
  for (int round = 0; round < 3; ++round) {
    meet(threads, 4);
    EXPECT_EQ(thread_count(), before + 3);
    threads.end_all_but(2);
    EXPECT_EQ(thread_count(), before + 2);
    meet(threads, 4);
    threads.end_all_but(8);
    EXPECT_EQ(thread_count(), before + 3);
    threads.end_all_but(0);
    EXPECT_EQ(thread_count(), before);
  }
}

TEST(DiskThreadsTest, OneThreadIsTheCaller) {
  DiskThreads threads(1);
  const std::thread::id caller = std::this_thread::get_id();
  std::vector<std::size_t> order;
  threads.for_each(3, [&](std::size_t index) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    order.push_back(index);
  });
  EXPECT_EQ(order, (std::vector<std::size_t>{0, 1, 2}));
}

}  // namespace
}  // namespace ssync
