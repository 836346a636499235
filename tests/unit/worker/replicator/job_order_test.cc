#include "worker/replicator/job_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <string>

#include "tests/temporary_directory.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;

class JobOrderTest : public ::testing::Test {
 protected:
  void add(const std::string& device, std::uint64_t number, std::int64_t last_turn, bool is_handoff = false) {
    LocalDevice& place = devices_[device];
    place.policy = &policy_;
    place.name = device;
    partitions_.push_back(
        {.device = &place, .number = number, .last_turn = last_turn, .is_handoff = is_handoff});
  }
  [[nodiscard]] std::vector<std::uint64_t> numbers() const {
    std::vector<std::uint64_t> numbers;
    for (const WaitingPartition& partition : partitions_) numbers.push_back(partition.number);
    return numbers;
  }

  StoragePolicy policy_{};
  std::map<std::string, LocalDevice> devices_;
  std::vector<WaitingPartition> partitions_;
};

TEST_F(JobOrderTest, WhatWaitedLongestIsFirst) {
  add("sda", 1, 30);
  add("sda", 2, 10);
  add("sda", 3, 0);
  add("sda", 4, 20);
  put_in_order(partitions_);
  EXPECT_THAT(numbers(), ElementsAre(3, 2, 4, 1));
}

TEST_F(JobOrderTest, DevicesTakeTurns) {
  for (std::uint64_t number = 0; number < 4; ++number) add("sda", number, 0);
  for (std::uint64_t number = 4; number < 6; ++number) add("sdb", number, 1700000000);
  put_in_order(partitions_);
  std::string devices;
  for (const WaitingPartition& partition : partitions_) devices += partition.device->name.back();
  EXPECT_TRUE(devices.ends_with("aa")) << devices;
  EXPECT_EQ(std::set<char>({devices[0], devices[1]}).size(), 2U) << devices;
  EXPECT_EQ(std::set<char>({devices[2], devices[3]}).size(), 2U) << devices;
}

TEST_F(JobOrderTest, WhoWaitedAlikeIsShuffled) {
  std::set<std::vector<std::uint64_t>> orders;
  for (int time = 0; time < 50; ++time) {
    partitions_.clear();
    for (std::uint64_t number = 0; number < 20; ++number) add("sda", number, 0);
    put_in_order(partitions_);
    orders.insert(numbers());
  }
  EXPECT_GT(orders.size(), 45U);
}

TEST_F(JobOrderTest, TheListIsFirstAndHandoffsBeforeItIfWanted) {
  const TemporaryDirectory directory;
  const std::string path = directory.path() + "/priority";
  std::ofstream(path) << "3\n4\n";
  PriorityList priority(path);
  priority.refresh();
  for (const bool handoffs_first : {false, true}) {
    partitions_.clear();
    add("sda", 1, 0);
    add("sda", 2, 0, true);
    add("sda", 3, 0);
    add("sda", 4, 0, true);
    put_first(partitions_.begin() + 1, partitions_.end(), priority, handoffs_first);
    if (handoffs_first) {
      EXPECT_THAT(numbers(), ElementsAre(1, 4, 2, 3)) << "what has begun stays";
    } else {
      EXPECT_THAT(numbers(), ElementsAre(1, 3, 4, 2));
    }
  }
}

}  // namespace
}  // namespace ssync
