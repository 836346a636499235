#include "common/layout/partition_power.h"

#include <gtest/gtest.h>

#include "common/python/errors.h"
#include "tests/unit/temporary_device.h"

namespace ssync {
namespace {

const char kHash[] = "c0ffee12000000000000000000000abc";

TEST(PartitionPowerTest, ReadsWhatPythonReads) {
  EXPECT_EQ(parse_partition_power("11"), 11);
  EXPECT_EQ(parse_partition_power(" +1_1 "), 11);
  EXPECT_EQ(parse_partition_power("0"), 0);
  // Fewer bits than none are none.
  EXPECT_EQ(parse_partition_power("-9223372036854775808"), 0);
  for (const char* bad : {"", "x", "1.5", "11x", "99999999999999999999"}) {
    EXPECT_THROW(parse_partition_power(bad), ValueError) << bad;
  }
}

TEST(PartitionPowerTest, TakesTheHashsFirstBits) {
  struct Case {
    std::int64_t power;
    std::uint32_t partition;
  };
  const Case cases[] = {{32, 0xc0ffee12}, {31, 0x607ff709}, {16, 0xc0ff}, {8, 0xc0}, {1, 1}, {0, 0}, {-1, 0}};
  for (const Case& c : cases) EXPECT_EQ(partition_of_hash(kHash, c.power), c.partition) << c.power;
}

TEST(PartitionPowerTest, RefusesMoreBitsThanThereAre) {
  EXPECT_THROW(partition_of_hash(kHash, 33), ValueError);
  EXPECT_THROW(partition_of_hash(kHash, INT64_MAX), ValueError);
  EXPECT_THROW(partition_of_hash("c0ffee1", 8), ValueError);
  EXPECT_THROW(partition_of_hash("c0ffee1x000000000000000000000000", 8), ValueError);
}

TEST(PartitionPowerTest, FindsTheDirectoryInTheOtherPartition) {
  const TemporaryDevice device(2);
  EXPECT_EQ(hash_dir_at_power(device.partition(), kHash, 8),
            device.path() + "/objects-2/192/abc/" + std::string(kHash));
}

}  // namespace
}  // namespace ssync
