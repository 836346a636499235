#include "worker/check/device_state.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/temporary_directory.h"

namespace ssync {
namespace {

using namespace std::chrono_literals;

class DeviceStateTest : public ::testing::Test {
 protected:
  DeviceStateTest() {
    settings_.devices = directory_.path();
    std::filesystem::create_directory(directory_.path() + "/sda");
    directory_.write("file", "");
  }

  TemporaryDirectory directory_;
  DiskSettings settings_;
};

TEST_F(DeviceStateTest, TellsDirectories) {
  settings_.mount_check = false;
  settings_.fallocate_reserve = {0, false};
  const auto states = device_states(settings_, {"sda", "none", "file"}, 60s);
  ASSERT_EQ(states.size(), 3U);
  for (const DeviceState& state : states) EXPECT_TRUE(state.has_answered);
  EXPECT_TRUE(states[0].is_usable);
  EXPECT_TRUE(states[0].has_room);
  EXPECT_GT(states[0].size, states[0].available);
  EXPECT_FALSE(states[0].file_system.empty());
  EXPECT_FALSE(states[1].is_usable);
  EXPECT_EQ(states[1].error, ENOENT);
  EXPECT_FALSE(states[2].is_usable);
}

TEST_F(DeviceStateTest, TellsWhatIsNotMounted) {
  const auto states = device_states(settings_, {"sda"}, 60s);
  EXPECT_TRUE(states[0].has_answered);
  EXPECT_FALSE(states[0].is_usable);
}

TEST_F(DeviceStateTest, TellsThatThereIsNoRoom) {
  settings_.mount_check = false;
  settings_.fallocate_reserve = {100, true};
  EXPECT_FALSE(device_states(settings_, {"sda"}, 60s)[0].has_room);
}

TEST_F(DeviceStateTest, DoesNotWaitLongerThanItsPatience) {
  settings_.mount_check = false;
  // None is too short for a process to start in; with none that hangs this is the nearest.
  const auto states = device_states(settings_, std::vector<std::string>(30, "sda"), 0ms);
  EXPECT_EQ(states.size(), 30U);
}

}  // namespace
}  // namespace ssync
