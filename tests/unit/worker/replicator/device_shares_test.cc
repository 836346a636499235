#include "worker/replicator/device_shares.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "worker/replicator/job_order.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;

class DeviceSharesTest : public ::testing::Test {
 protected:
  void add(const std::string& device, std::uint64_t number, bool is_handoff = false) {
    LocalDevice& place = devices_[device];
    place.name = device;
    waiting_.push_back({.device = &place, .number = number, .is_handoff = is_handoff});
  }

  // The names of devices of the next partitions, so many, of which none ends.
  std::vector<std::string> take(DeviceShares& shares, std::size_t count) {
    std::vector<std::string> names;
    for (; count != 0; --count) {
      const auto found = shares.next(waiting_.begin() + next_, waiting_.end());
      std::rotate(waiting_.begin() + next_, found, found + 1);
      const WaitingPartition& partition = waiting_[static_cast<std::size_t>(next_++)];
      shares.begin(partition);
      names.push_back(partition.device->name);
    }
    return names;
  }

  std::map<std::string, LocalDevice> devices_;
  DeviceShares::Waiting waiting_;
  std::ptrdiff_t next_ = 0;
};

TEST_F(DeviceSharesTest, ADeviceThatHangsDoesNotGetAllThreads) {
  for (std::uint64_t number = 0; number < 100; ++number) {
    add("sda", number);
    add("sdb", number);
  }
  DeviceShares shares(waiting_, 8, false);
  // None of sda's ends.
  std::size_t of_sda = 0;
  for (int turn = 0; turn < 100; ++turn) {
    const std::string device = take(shares, 1).front();
    if (device == "sdb") {
      shares.end(device);
    } else {
      ++of_sda;
    }
  }
  EXPECT_EQ(of_sda, 6U);  // 8 / 2 * 1.5
  EXPECT_TRUE(std::is_sorted(waiting_.begin() + next_, waiting_.end(),
                             [](const auto& one, const auto& other) { return one.number < other.number; }))
      << "what was left behind keeps its order";
}

TEST_F(DeviceSharesTest, WhereNobodyElseWaitsItGetsAll) {
  for (std::uint64_t number = 0; number < 20; ++number) add("sda", number);
  add("sdb", 0);
  DeviceShares shares(waiting_, 4, false);
  EXPECT_THAT(take(shares, 6), ElementsAre("sda", "sda", "sda", "sdb", "sda", "sda"));
}

TEST_F(DeviceSharesTest, EachOfManyDevicesGetsTwo) {
  for (std::uint64_t number = 0; number < 4; ++number) add("sda", number);
  for (const char* device : {"sdb", "sdc", "sdd", "sde", "sdf", "sdg", "sdh"}) add(device, 0);
  DeviceShares shares(waiting_, 4, false);
  EXPECT_THAT(take(shares, 4), ElementsAre("sda", "sda", "sdb", "sdc"));
}

TEST_F(DeviceSharesTest, PrimaryPartitionsDoNotGoBeforeHandoffs) {
  for (std::uint64_t number = 0; number < 20; ++number) add("sda", number, true);
  add("sdb", 0, true);
  add("sdb", 1, false);
  for (const bool handoffs_first : {true, false}) {
    next_ = 0;
    DeviceShares shares(waiting_, 4, handoffs_first);
    const std::vector<std::string> taken = take(shares, 6);
    EXPECT_EQ(std::ranges::count(taken, "sdb"), handoffs_first ? 1 : 2);
  }
}

}  // namespace
}  // namespace ssync
