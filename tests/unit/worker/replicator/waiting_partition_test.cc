#include "worker/replicator/waiting_partition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "tests/temporary_directory.h"
#include "tests/unit/common/ring/ring_writer.h"

namespace ssync {
namespace {

using ::testing::IsEmpty;

// Two partitions of two replicas: of devices 0 and 1, and of 1 and 2.
std::string ring() {
  std::string devices;
  for (const char* id : {"0", "1", "2"}) {
    devices += std::string(devices.empty() ? "" : ", ") + R"({"id": )" + id +
               R"(, "zone": 1, "ip": "a", "port": 1, "device": "sd)" + id + R"("})";
  }
  const std::string header =
      R"({"part_shift": 31, "replica_count": 2, "byteorder": "little", "devs": [)" + devices + "]}";
  return ring_format_1(header, std::string("\0\0\1\0\1\0\2\0", 8));
}

class WaitingPartitionTest : public ::testing::Test {
 protected:
  WaitingPartitionTest() : file_(written()) {
    device_ = {.policy = &policy_,
               .ring = file_.get(),
               .ring_file = &file_,
               .id = 0,
               .name = "sd0",
               .path = "/srv/node/sd0",
               .region = 7};
  }
  std::string written() {
    directory_.write("object.ring.gz", ring());
    return directory_.path() + "/object.ring.gz";
  }

  TemporaryDirectory directory_;
  WatchedRing file_;
  StoragePolicy policy_{};
  LocalDevice device_;
};

TEST_F(WaitingPartitionTest, OfAPrimaryHasTheOthersAsNodes) {
  const WaitingPartition partition = waiting_partition(device_, "0", 0);
  EXPECT_FALSE(partition.is_handoff);
  EXPECT_EQ(partition.other_name, nullptr);
  const ReplicationJob job = job_of(partition);
  EXPECT_FALSE(job.is_handoff);
  ASSERT_EQ(job.nodes.size(), 1U);
  EXPECT_EQ(job.nodes[0]->id, 1U);
  EXPECT_EQ(job.policy, &policy_);
  EXPECT_EQ(job.ring, device_.ring);
  EXPECT_EQ(job.ring_file, &file_);
  EXPECT_EQ(job.device, "sd0");
  EXPECT_EQ(job.device_path, "/srv/node/sd0");
  EXPECT_EQ(job.region, 7);
  EXPECT_EQ(job.partition, "0");
  EXPECT_EQ(job.number, 0U);
}

TEST_F(WaitingPartitionTest, OfAHandoffHasAllOfThem) {
  const WaitingPartition partition = waiting_partition(device_, "1", 1);
  EXPECT_TRUE(partition.is_handoff);
  const ReplicationJob job = job_of(partition);
  EXPECT_TRUE(job.is_handoff);
  EXPECT_EQ(job.nodes.size(), 2U);
}

TEST_F(WaitingPartitionTest, ThatTheRingDoesNotHaveIsAHandoffWithoutNodes) {
  const WaitingPartition partition = waiting_partition(device_, "2", 2);
  EXPECT_TRUE(partition.is_handoff);
  EXPECT_THAT(job_of(partition).nodes, IsEmpty());
}

TEST_F(WaitingPartitionTest, KeepsTheNameOfItsDirectory) {
  for (const char* name : {"01", "+1", "1_0"}) {
    WaitingPartition partition = waiting_partition(device_, name, 1);
    const WaitingPartition moved = std::move(partition);
    EXPECT_EQ(job_of(moved).partition, name);
    EXPECT_EQ(job_of(moved).number, 1U);
  }
}

}  // namespace
}  // namespace ssync
