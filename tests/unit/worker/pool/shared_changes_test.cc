#include "worker/pool/shared_changes.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <new>
#include <thread>

namespace ssync {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Longer than any announcement is under way.
constexpr seconds kLong{10};

// How long the call takes.
template <typename Call>
Clock::duration duration_of(const Call& call) {
  const Clock::time_point begun = Clock::now();
  call();
  return Clock::now() - begun;
}

struct Shared {
  SharedChanges changes;
  std::atomic<bool> is_waiting = false;
};

class SharedChangesTest : public ::testing::Test {
 protected:
  SharedChangesTest() {
    void* const memory =
        ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    shared_ = ::new (memory) Shared;
  }
  ~SharedChangesTest() override { ::munmap(shared_, sizeof(Shared)); }

  // Announces once somebody waits, or is about to.
  void announce_to_one_who_waits() const {
    while (!shared_->is_waiting) std::this_thread::yield();
    // Most likely it sleeps by then; if not, it must not begin to.
    std::this_thread::sleep_for(milliseconds(20));
    shared_->changes.announce();
  }
  void wait_for_change() const {
    const std::uint32_t seen = shared_->changes.seen();
    shared_->is_waiting = true;
    EXPECT_LT(duration_of([&] { shared_->changes.wait(seen, kLong); }), kLong / 2);
    EXPECT_NE(shared_->changes.seen(), seen);
  }

  Shared* shared_ = nullptr;
};

TEST_F(SharedChangesTest, WhoWaitsIsWokenByAnotherThread) {
  const std::jthread other([&] { announce_to_one_who_waits(); });
  wait_for_change();
}

TEST_F(SharedChangesTest, WhoWaitsIsWokenByAnotherProcess) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    announce_to_one_who_waits();
    ::_exit(0);
  }
  wait_for_change();
  EXPECT_EQ(::waitpid(pid, nullptr, 0), pid);
}

TEST_F(SharedChangesTest, AllWhoWaitAreWoken) {
  const std::uint32_t seen = shared_->changes.seen();
  std::atomic<int> waiting = 0;
  const auto wait = [&] {
    ++waiting;
    EXPECT_LT(duration_of([&] { shared_->changes.wait(seen, kLong); }), kLong / 2);
  };
  const std::jthread one(wait);
  const std::jthread another(wait);
  while (waiting != 2) std::this_thread::yield();
  shared_->is_waiting = true;
  announce_to_one_who_waits();
}

TEST_F(SharedChangesTest, WhatWasAnnouncedSinceTheLookIsNotWaitedFor) {
  const std::uint32_t seen = shared_->changes.seen();
  shared_->changes.announce();
  EXPECT_LT(duration_of([&] { shared_->changes.wait(seen, kLong); }), kLong / 2);
}

TEST_F(SharedChangesTest, NobodyWaitsLongerThanItsLimit) {
  for (const Clock::duration limit : {milliseconds(0), milliseconds(30), milliseconds(1001)}) {
    const Clock::duration waited =
        duration_of([&] { shared_->changes.wait(shared_->changes.seen(), limit); });
    EXPECT_GE(waited, limit);
    EXPECT_LT(waited, limit + kLong / 2);
  }
}

}  // namespace
}  // namespace ssync
