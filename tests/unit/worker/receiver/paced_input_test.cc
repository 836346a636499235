#include "worker/receiver/paced_input.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "common/os/errors.h"
#include "tests/unit/scripted_streams.h"

namespace ssync {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

TEST(PacedInputTest, PassesOnWhatItReads) {
  Throttles throttles;
  ScriptedInput script("line\nbody");
  PacedInput input(script, throttles, "sda", {});
  EXPECT_EQ(input.read_line(""), "line\n");
  EXPECT_EQ(input.read_some(100, ""), "body");
}

TEST(PacedInputTest, HoldsTheSenderBack) {
  Throttles throttles;
  throttles.set_default({.bytes_per_second = 1'000'000});
  ScriptedInput script(std::string(200'000, 'x'));
  PacedInput input(script, throttles, "sda", {});
  const auto begun = Clock::now();
  for (std::size_t left = 200'000; left != 0;) left -= input.read_some(10'000, "").size();
  EXPECT_GE(Clock::now() - begun, milliseconds(100));
  throttles.set_default({.objects_per_second = 100});
  const auto objects_begun = Clock::now();
  for (int object = 0; object < 20; ++object) input.use_object();
  EXPECT_GE(Clock::now() - objects_begun, milliseconds(100));
}

TEST(PacedInputTest, EndsWhenItIsInterrupted) {
  Throttles throttles;
  throttles.set_default({.objects_per_second = 1});
  ScriptedInput script("");
  int looks = 0;
  PacedInput input(script, throttles, "sda", [&] { return ++looks == 2; });
  EXPECT_THROW(input.use_object(), Interrupted);
  EXPECT_EQ(looks, 2);
}

}  // namespace
}  // namespace ssync
