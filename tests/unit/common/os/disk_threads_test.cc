#include "common/os/disk_threads.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
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

class TaskPaceTest : public ::testing::Test {
 protected:
  // Calls task for each of so many, each once.
  void run(std::size_t size, const std::function<void(std::size_t)>& task) {
    std::vector<std::atomic<int>> calls(size);
    threads_.for_each(
        size,
        [&](std::size_t index) {
          ++calls[index];
          task(index);
        },
        kThreads, pace_);
    for (const std::atomic<int>& count : calls) EXPECT_EQ(count, 1);
  }
  // Runs quick tasks until the pace says so: on a machine that stands still meanwhile none is quick.
  void run_until_quick() {
    for (int round = 0; round < 1000 && pace_ == TaskPace::slow; ++round) run(100, [](std::size_t) {});
  }

  static constexpr std::size_t kThreads = 4;
  const std::ptrdiff_t before_ = thread_count();
  DiskThreads threads_{kThreads};
  TaskPace pace_ = TaskPace::quick;
};

TEST_F(TaskPaceTest, QuickTasksAreTheCallersAlone) {
  const std::thread::id caller = std::this_thread::get_id();
  bool was_quick = false;
  for (int round = 0; round < 1000 && !was_quick; ++round) {
    pace_ = TaskPace::quick;
    threads_.end_all_but(0);
    std::atomic<int> others = 0;
    run(100, [&](std::size_t) { others += std::this_thread::get_id() == caller ? 0 : 1; });
    was_quick = pace_ == TaskPace::quick && others == 0 && thread_count() == before_;
  }
  EXPECT_TRUE(was_quick);
}

TEST_F(TaskPaceTest, AfterASlowTaskOthersHelp) {
  std::mutex mutex;
  std::condition_variable all_here;
  std::size_t here = 0;
  // Those after the first return only once all of them are there together.
  run(1 + kThreads, [&](std::size_t index) {
    if (index == 0) {
      EXPECT_EQ(thread_count(), before_);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      return;
    }
    std::unique_lock lock(mutex);
    if (++here == kThreads) all_here.notify_all();
    all_here.wait(lock, [&] { return here == kThreads; });
    lock.unlock();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  });
  EXPECT_EQ(thread_count(), before_ + static_cast<std::ptrdiff_t>(kThreads) - 1);
  EXPECT_EQ(pace_, TaskPace::slow);
}

TEST_F(TaskPaceTest, TheLastTaskTellsOfTheNextOnes) {
  run(1, [](std::size_t) { std::this_thread::sleep_for(std::chrono::milliseconds(5)); });
  EXPECT_EQ(pace_, TaskPace::slow);
  EXPECT_EQ(thread_count(), before_) << "nothing was left to do";
}

TEST_F(TaskPaceTest, SlowTasksAreQuickAgainWhenSeenToBe) {
  pace_ = TaskPace::slow;
  run(kThreads, [](std::size_t) { std::this_thread::sleep_for(std::chrono::milliseconds(5)); });
  EXPECT_EQ(pace_, TaskPace::slow);
  run_until_quick();
  EXPECT_EQ(pace_, TaskPace::quick);
}

}  // namespace
}  // namespace ssync
