#include "worker/replicator/transfer_gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

namespace ssync {
namespace {

const auto kNever = [] { throw std::runtime_error("gave up"); };
const auto kPatient = [] {};

TEST(TransferGateTest, OneSessionWithADeviceAtATime) {
  TransferGate gate(4);
  const auto first = gate.wait_for_session("a", kNever);
  EXPECT_THROW(gate.wait_for_session("a", kNever), std::runtime_error);
  const auto other = gate.wait_for_session("b", kNever);
}

TEST(TransferGateTest, NoMoreThanThereIsRoomFor) {
  TransferGate gate(1);
  {
    const auto first = gate.wait_for_session("a", kNever);
    EXPECT_THROW(gate.wait_for_session("b", kNever), std::runtime_error);
  }
  const auto second = gate.wait_for_session("b", kNever);
}

TEST(TransferGateTest, WhoGivesUpDoesNotHoldUpOthers) {
  TransferGate gate(1);
  {
    const auto first = gate.wait_for_session("a", kNever);
    EXPECT_THROW(gate.wait_for_session("a", kNever), std::runtime_error);
  }
  const auto second = gate.wait_for_session("a", kNever);
}

TEST(TransferGateTest, AJobKeepsItsPlaceOverSeveralSessions) {
  TransferGate gate(1);
  const auto place = gate.wait_for_place(kNever);
  for (const char* device : {"a", "b", "a"}) {
    const auto session = gate.wait_for_device(place, device, kNever);
    EXPECT_THROW(gate.wait_for_device(place, device, kNever), std::runtime_error);
  }
  EXPECT_THROW(gate.wait_for_place(kNever), std::runtime_error);
  EXPECT_THROW(gate.wait_for_session("c", kNever), std::runtime_error);
}

TEST(TransferGateTest, ADeviceIsLeftAloneNowAndThen) {
  using Clock = TransferGate::Clock;
  constexpr std::chrono::hours kNotInThisTest{1};
  constexpr std::chrono::milliseconds kGap{50};
  TransferGate gate(2, {.after = std::chrono::nanoseconds(1), .length = kGap});
  Clock::time_point ended;
  {
    auto first = gate.wait_for_session("a", kPatient);
    first.needs_gaps();
    ended = Clock::now();
  }
  // Of another device nobody has to wait.
  const auto other = gate.wait_for_session("b", kNever);
  const auto second = gate.wait_for_session("a", kPatient);
  EXPECT_GE(Clock::now() - ended, kGap);

  TransferGate without_gaps(1, {.after = std::chrono::nanoseconds(1), .length = kNotInThisTest});
  for (int number = 0; number < 2; ++number) const auto turn = without_gaps.wait_for_session("a", kNever);

  TransferGate not_yet(1, {.after = kNotInThisTest, .length = kNotInThisTest});
  for (int number = 0; number < 2; ++number) {
    auto turn = not_yet.wait_for_session("a", kNever);
    turn.needs_gaps();
  }
}

TEST(TransferGateTest, AllGetTheirTurn) {
  TransferGate gate(2);
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  std::atomic<int> done = 0;
  std::vector<std::thread> threads;
  for (int number = 0; number < 8; ++number) {
    threads.emplace_back([&, device = std::string(1, static_cast<char>('a' + number % 3))] {
      for (int turn = 0; turn < 50; ++turn) {
        const auto held = gate.wait_for_session(device, kPatient);
        const int now = ++inside;
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        ++done;
        --inside;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, 400);
  EXPECT_LE(most, 2);
}

}  // namespace
}  // namespace ssync
