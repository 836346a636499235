#include "common/ring/handoffs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/temporary_directory.h"
#include "tests/unit/common/ring/ring_writer.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string device_json(int id, int region, int zone, const std::string& ip) {
  return R"({"id": )" + std::to_string(id) + R"(, "region": )" + std::to_string(region) + R"(, "zone": )" +
         std::to_string(zone) + R"(, "ip": ")" + ip + R"(", "port": 1, "device": "d", "weight": 0})";
}

std::string table_of(const std::vector<unsigned>& ids) {
  std::string bytes;
  for (const unsigned id : ids) (bytes += static_cast<char>(id)) += static_cast<char>(id >> 8U);
  return bytes;
}

class HandoffsTest : public ::testing::Test {
 protected:
  Ring ring_of(int part_shift, int rows, const std::string& devices, const std::vector<unsigned>& ids) {
    directory_.write("r", ring_format_1(R"({"byteorder": "little", "part_shift": )" +
                                            std::to_string(part_shift) + R"(, "replica_count": )" +
                                            std::to_string(rows) + R"(, "devs": [)" + devices + "]}",
                                        table_of(ids)));
    return Ring(directory_.path() + "/r");
  }
  static std::vector<std::uint32_t> ids(const Ring& ring, std::uint64_t partition) {
    std::vector<std::uint32_t> ids;
    Handoffs handoffs(ring, partition);
    while (const RingDevice* device = handoffs.next()) ids.push_back(device->id);
    EXPECT_EQ(handoffs.next(), nullptr);
    return ids;
  }

  TemporaryDirectory directory_;
};

// As Swift's Ring has them.
TEST_F(HandoffsTest, AreOtherRegionsThenZonesThenAddressesThenDevices) {
  // The primary of partition 0 is device 0; each of the others differs in one thing more than the one before.
  const std::string devices = device_json(0, 1, 1, "a") + ", " + device_json(1, 1, 1, "a") + ", " +
                              device_json(2, 1, 1, "b") + ", " + device_json(3, 1, 2, "a") + ", " +
                              device_json(4, 2, 1, "a") + ", null, " + device_json(6, 3, 1, "a");
  const Ring ring = ring_of(29, 1, devices, {0, 0, 2, 3, 4, 1, 2, 3});
  // Device 6 has no partitions.
  EXPECT_THAT(ids(ring, 0), ElementsAre(4, 3, 2, 1));
  EXPECT_THAT(ids(ring, 4), ElementsAre(1, 3, 2, 0));
  // All of them, for a partition that the ring does not have.
  EXPECT_THAT(ids(ring, 8), ElementsAre(2, 4, 3, 0, 1));
}

// Its walk begins where the MD5 of the partition's number says, and comes round to partition 1 instead of 0.
TEST_F(HandoffsTest, PassOverTheFirstPartitionAsSwiftDoes) {
  const std::string devices =
      device_json(0, 1, 1, "a") + ", " + device_json(1, 1, 1, "a") + ", " + device_json(2, 1, 1, "a");
  const Ring ring = ring_of(30, 1, devices, {2, 0, 1, 0});
  EXPECT_THAT(ids(ring, 0), ElementsAre(0, 1));
  EXPECT_THAT(ids(ring, 1), ElementsAre(1));
}

TEST_F(HandoffsTest, AreNoneInARingWithoutPartitionsOrOtherDevices) {
  EXPECT_THAT(ids(ring_of(30, 0, device_json(0, 1, 1, "a"), {}), 0), IsEmpty());
  EXPECT_THAT(ids(ring_of(31, 2, device_json(0, 1, 1, "a"), {0, 0, 0, 0}), 0), IsEmpty());
}

TEST_F(HandoffsTest, PassOverReplicasThatNobodyHas) {
  const std::string devices = device_json(0, 1, 1, "a") + ", " + device_json(1, 1, 1, "a");
  EXPECT_THAT(ids(ring_of(31, 2, devices, {0, 0, 0xffff, 1}), 0), ElementsAre(1));
}

}  // namespace
}  // namespace ssync
