#include "worker/pool/throttles.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

namespace ssync {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

class ThrottlesTest : public ::testing::Test {
 protected:
  // How long so much takes on a device, if each waits as long as it is told to.
  nanoseconds time_for(const std::string& device, int pieces, std::int64_t bytes, std::int64_t objects) {
    const auto begun = now_;
    for (int piece = 0; piece < pieces; ++piece) now_ += throttles_.use(device, bytes, objects, now_);
    return now_ - begun;
  }
  static double in_seconds(nanoseconds time) { return std::chrono::duration<double>(time).count(); }

  // At the beginning of a second, in which the idle time is last.
  Throttles::Clock::time_point now_{seconds(1000)};
  Throttles throttles_;
};

TEST_F(ThrottlesTest, WithoutALimitNobodyWaits) {
  EXPECT_EQ(time_for("sda", 1000, 1 << 20, 1), nanoseconds(0));
}

TEST_F(ThrottlesTest, TheLimitHoldsWhateverThePieces) {
  throttles_.set_default({.bytes_per_second = 1'000'000});
  EXPECT_NEAR(in_seconds(time_for("sda", 1000, 10'000, 0)), 10, 0.1);
  EXPECT_NEAR(in_seconds(time_for("sdb", 10, 1'000'000, 0)), 10, 0.1);
  throttles_.set_default({.objects_per_second = 100});
  EXPECT_NEAR(in_seconds(time_for("sda", 1000, 1, 1)), 10, 0.1);
  EXPECT_EQ(time_for("sda", 1000, 1, 0), nanoseconds(0)) << "no objects";
}

TEST_F(ThrottlesTest, EachDeviceHasItsOwn) {
  throttles_.set_default({.bytes_per_second = 1000});
  EXPECT_GT(throttles_.use("sda", 2000, 0, now_), milliseconds(1900));
  EXPECT_LE(throttles_.use("sdb", 1, 0, now_), milliseconds(1));
}

TEST_F(ThrottlesTest, WhatWasNotUsedIsNotSavedUp) {
  throttles_.set_default({.bytes_per_second = 1000});
  static_cast<void>(throttles_.use("sda", 1, 0, now_));
  now_ += seconds(3600);
  EXPECT_GE(throttles_.use("sda", 1000, 0, now_), seconds(1) - Throttles::kBurst);
}

TEST_F(ThrottlesTest, SessionsOfADeviceShareIt) {
  throttles_.set_default({.bytes_per_second = 1'000'000});
  // Two who come in turn, each when it may go on.
  Throttles::Clock::time_point first = now_;
  Throttles::Clock::time_point second = now_;
  for (int piece = 0; piece < 500; ++piece) {
    first += throttles_.use("sda", 10'000, 0, first);
    second += throttles_.use("sda", 10'000, 0, second);
  }
  EXPECT_NEAR(in_seconds(first - now_), 10, 0.2);
  EXPECT_NEAR(in_seconds(second - now_), 10, 0.2);
}

TEST_F(ThrottlesTest, NobodyWaitsTooLongForItsSender) {
  throttles_.set_default({.bytes_per_second = 1});
  for (int piece = 0; piece < 10; ++piece) {
    EXPECT_LE(throttles_.use("sda", 65536, 0, now_), Throttles::kLongestWait);
  }
  now_ += Throttles::kLongestWait;
  throttles_.set_default({.bytes_per_second = 1'000'000});
  EXPECT_LE(throttles_.use("sda", 1, 0, now_), milliseconds(1)) << "nobody owes for what was forgiven";
}

TEST_F(ThrottlesTest, APartOfEachSecondIsLeftAlone) {
  throttles_.set_default({.idle_share = 0.3});
  EXPECT_EQ(throttles_.use("sda", 1, 0, now_), nanoseconds(0));
  EXPECT_EQ(throttles_.use("sda", 1, 0, now_ + milliseconds(699)), nanoseconds(0));
  EXPECT_EQ(throttles_.use("sda", 1, 0, now_ + milliseconds(750)), milliseconds(250));
  EXPECT_EQ(throttles_.use("sda", 1, 0, now_ + milliseconds(1001)), nanoseconds(0));
}

TEST_F(ThrottlesTest, AnOperatorsLimitStandsBeforeThatOfTheConfiguration) {
  throttles_.set_default({.bytes_per_second = 1000});
  EXPECT_TRUE(throttles_.set("sda", DeviceLimits{.bytes_per_second = 2000}));
  EXPECT_EQ(throttles_.limits("sda").bytes_per_second, 2000);
  EXPECT_EQ(throttles_.limits("sdb").bytes_per_second, 1000);
  ASSERT_EQ(throttles_.own_limits().size(), 1U);
  EXPECT_EQ(throttles_.own_limits()[0].device, "sda");
  throttles_.set_default({});
  EXPECT_GT(throttles_.use("sda", 20'000, 0, now_), seconds(1)) << "a reload does not change it";
  EXPECT_TRUE(throttles_.set("sda", std::nullopt));
  EXPECT_EQ(throttles_.limits("sda"), DeviceLimits{});
  EXPECT_EQ(throttles_.use("sda", 1 << 30, 0, now_), nanoseconds(0));
  EXPECT_TRUE(throttles_.own_limits().empty());
}

TEST_F(ThrottlesTest, HasNoPlaceForMoreThanItsDevices) {
  for (std::size_t number = 0; number < Throttles::kMostDevices; ++number) {
    EXPECT_TRUE(throttles_.set("d" + std::to_string(number), DeviceLimits{.bytes_per_second = 1}));
  }
  EXPECT_FALSE(throttles_.set("one more", DeviceLimits{.bytes_per_second = 1}));
  EXPECT_EQ(throttles_.use("one more", 1000, 0, now_), nanoseconds(0));
}

TEST_F(ThrottlesTest, ProcessesDrawOnTheSame) {
  throttles_.set_default({.bytes_per_second = 1000});
  const pid_t child = ::fork();
  if (child == 0) {
    static_cast<void>(throttles_.use("sda", 1500, 0, now_));
    ::_exit(0);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_GT(throttles_.use("sda", 1, 0, now_), milliseconds(1400));
}

}  // namespace
}  // namespace ssync
