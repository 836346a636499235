#include "worker/pool/replication_slots.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

namespace ssync {
namespace {

// A process that tries to take a slot and keeps what it got until it is ended.
class Holder {
 public:
  explicit Holder(ReplicationSlots& slots) {
    EXPECT_EQ(pipe(pipe_.data()), 0);
    pid_ = fork();
    if (pid_ == 0) {
      const char got = slots.try_acquire() ? 'y' : 'n';
      static_cast<void>(!write(pipe_[1], &got, 1));
      while (true) pause();
    }
    char got = '?';
    EXPECT_EQ(read(pipe_[0], &got, 1), 1);
    has_slot_ = got == 'y';
  }
  ~Holder() {
    end();
    close(pipe_[0]);
    close(pipe_[1]);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

  [[nodiscard]] bool has_slot() const { return has_slot_; }
  void end() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
      pid_ = -1;
    }
  }

 private:
  std::array<int, 2> pipe_{};
  pid_t pid_ = -1;
  bool has_slot_ = false;
};

TEST(ReplicationSlots, AreAsManyAsCounted) {
  ReplicationSlots slots(2);
  const Holder first(slots);
  const Holder second(slots);
  const Holder third(slots);
  EXPECT_TRUE(first.has_slot());
  EXPECT_TRUE(second.has_slot());
  EXPECT_FALSE(third.has_slot());
  EXPECT_FALSE(slots.try_acquire());
}

TEST(ReplicationSlots, AKilledProcessGivesItsSlotBack) {
  ReplicationSlots slots(1);
  Holder holder(slots);
  ASSERT_TRUE(holder.has_slot());
  EXPECT_FALSE(slots.try_acquire());
  holder.end();
  EXPECT_TRUE(slots.try_acquire());
}

TEST(ReplicationSlots, AReleasedSlotIsFreeForOthers) {
  ReplicationSlots slots(1);
  ASSERT_TRUE(slots.try_acquire());
  slots.release();
  EXPECT_TRUE(Holder(slots).has_slot());
  slots.release();
  EXPECT_TRUE(slots.try_acquire());
}

TEST(ReplicationSlots, AProcessHoldsAtMostOne) {
  ReplicationSlots slots(2);
  EXPECT_TRUE(slots.try_acquire());
  EXPECT_TRUE(slots.try_acquire());
  slots.release();
  const Holder first(slots);
  const Holder second(slots);
  EXPECT_TRUE(first.has_slot());
  EXPECT_TRUE(second.has_slot());
}

TEST(ReplicationSlots, AnotherCountHoldsForProcessesForkedAfterIt) {
  ReplicationSlots slots(1);
  const Holder first(slots);
  const Holder none(slots);
  slots.set_count(2);
  const Holder second(slots);
  EXPECT_TRUE(first.has_slot());
  EXPECT_FALSE(none.has_slot());
  EXPECT_TRUE(second.has_slot());
  slots.set_count(1);
  EXPECT_FALSE(Holder(slots).has_slot());
}

TEST(ReplicationSlots, CountZeroIsNoLimit) {
  ReplicationSlots slots(0);
  const Holder first(slots);
  const Holder second(slots);
  EXPECT_TRUE(first.has_slot());
  EXPECT_TRUE(second.has_slot());
  EXPECT_TRUE(slots.try_acquire());
}

}  // namespace
}  // namespace ssync
