#include "common/ring/ring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/ring/errors.h"
#include "tests/temporary_directory.h"
#include "tests/unit/common/ring/ring_writer.h"
#include "tests/unit/thrown_message.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Two devices around a hole: 0 is weighted zero and of an old ring, without replication_ip and region.
constexpr std::string_view kDevices =
    R"([{"id": 0, "zone": 1, "ip": "10.0.0.1", "port": 6200, "device": "sda", "weight": 0, "meta": "a\n\u00e9"},)"
    R"( null,)"
    R"( {"id": 2, "region": 3, "zone": 4, "ip": "10.0.0.2", "port": 6200, "replication_ip": "10.1.0.2",)"
    R"( "replication_port": 6400, "device": "sdb", "weight": 100.5, "meta": ""}])";

std::string header_1(std::string_view rest = R"("part_shift": 30, "replica_count": 2, "byteorder": "little")",
                     std::string_view devices = kDevices) {
  return "{" + std::string(rest) + R"(, "devs": )" + std::string(devices) + "}";
}

std::string ids_little(const std::vector<unsigned>& ids) {
  std::string bytes;
  for (const unsigned id : ids) (bytes += static_cast<char>(id)) += static_cast<char>(id >> 8U);
  return bytes;
}

std::string ids_big(const std::vector<unsigned>& ids, int width) {
  std::string bytes;
  for (const unsigned id : ids) bytes += big_endian(id, width);
  return bytes;
}

const std::string kTable = ids_little({0, 2, 0, 2, 2, 0, 0, 0});
const std::string kMetadata =
    R"({"part_shift": 30, "replica_count": 2.0, "dev_id_bytes": 2, "version": 7, "next_part_power": 3})";

std::string incompressible() {
  std::string bytes;
  for (std::uint32_t number = 1; bytes.size() < 100; number = number * 1103515245 + 12345) {
    bytes += static_cast<char>(number >> 16U);
  }
  return bytes;
}

class RingTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return directory_.path() + "/object.ring.gz"; }
  Ring ring_of(const std::string& bytes) {
    directory_.write("object.ring.gz", bytes);
    return Ring(path());
  }
  std::string error_of(const std::string& bytes) {
    return thrown_message<RingError>([&] { ring_of(bytes); });
  }
  static std::vector<std::uint32_t> ids(const Ring& ring, std::uint64_t partition) {
    std::vector<std::uint32_t> ids;
    for (const RingDevice* device : ring.nodes(partition)) ids.push_back(device->id);
    return ids;
  }

  TemporaryDirectory directory_;
};

void expect_the_same(const Ring& ring) {
  EXPECT_EQ(ring.part_power(), 2);
  EXPECT_EQ(ring.partition_count(), 4U);
  EXPECT_EQ(ring.replica_count(), 2.0);
  ASSERT_EQ(ring.devices().size(), 3U);
  EXPECT_FALSE(ring.devices()[1]);
  EXPECT_EQ(*ring.devices()[0], (RingDevice{0, 1, 1, "10.0.0.1", 6200, "10.0.0.1", 6200, "sda", 0}));
  EXPECT_EQ(*ring.devices()[2], (RingDevice{2, 3, 4, "10.0.0.2", 6200, "10.1.0.2", 6400, "sdb", 100.5}));
  EXPECT_EQ(ring.partitions_of(0), 5U);
  EXPECT_EQ(ring.partitions_of(1), 0U);
  EXPECT_EQ(ring.partitions_of(2), 3U);
  EXPECT_EQ(ring.partitions_of(99), 0U);
}

TEST_F(RingTest, ReadsFormat1) {
  const Ring ring = ring_of(ring_format_1(header_1(), kTable));
  EXPECT_EQ(ring.format(), 1);
  EXPECT_FALSE(ring.version());
  expect_the_same(ring);
  EXPECT_THAT(ids(ring, 0), ElementsAre(0, 2));
  EXPECT_THAT(ids(ring, 1), ElementsAre(2, 0));
  // Each device once.
  EXPECT_THAT(ids(ring, 2), ElementsAre(0));
  EXPECT_THAT(ids(ring, 4), ElementsAre());
}

TEST_F(RingTest, ReadsFormat2) {
  for (const int width : {2, 4}) {
    std::string metadata = kMetadata;
    metadata.replace(metadata.find("bytes\": 2") + 8, 1, std::to_string(width));
    const Ring ring = ring_of(ring_format_2(metadata, kDevices, ids_big({0, 2, 0, 2, 2, 0, 0, 0}, width)));
    EXPECT_EQ(ring.format(), 2);
    EXPECT_EQ(ring.version(), 7);
    EXPECT_EQ(ring.next_part_power(), 3);
    expect_the_same(ring);
  }
}

TEST_F(RingTest, ReadsBothOrdersOfBytesInFormat1) {
  const Ring ring =
      ring_of(ring_format_1(header_1(R"("part_shift": 30, "replica_count": 2, "byteorder": "big")"),
                            ids_big({0, 2, 0, 2, 2, 0, 0, 0}, 2)));
  expect_the_same(ring);
}

TEST_F(RingTest, HasAFractionOfAReplica) {
  const Ring one = ring_of(ring_format_1(header_1(), ids_little({0, 2, 0, 2, 2})));
  EXPECT_EQ(one.replica_count(), 1.25);
  EXPECT_THAT(ids(one, 0), ElementsAre(0, 2));
  EXPECT_THAT(ids(one, 1), ElementsAre(2));
  // As swift-ring-builder writes 1.25 replicas of less than four partitions.
  EXPECT_EQ(ring_of(ring_format_1(header_1(), ids_little({0, 2, 0, 2}))).replica_count(), 1);
  const Ring two = ring_of(ring_format_2(kMetadata, kDevices, ids_big({0, 2, 0, 2, 2}, 2)));
  EXPECT_EQ(two.replica_count(), 1.25);
}

TEST_F(RingTest, MayBeEmpty) {
  const Ring one = ring_of(ring_format_1(header_1(R"("part_shift": 24, "replica_count": 0)", "[]"), ""));
  EXPECT_EQ(one.replica_count(), 0);
  EXPECT_THAT(ids(one, 7), ElementsAre());
  const Ring two = ring_of(ring_format_2(kMetadata, "[]", ""));
  EXPECT_EQ(two.replica_count(), 0);
}

TEST_F(RingTest, LeavesOutPartitionsThatNobodyHas) {
  const Ring ring = ring_of(ring_format_1(header_1(), ids_little({0xffff, 2, 0, 2, 2, 0xffff, 0, 0})));
  EXPECT_THAT(ids(ring, 0), ElementsAre(2));
  EXPECT_THAT(ids(ring, 1), ElementsAre(2));
}

TEST_F(RingTest, FindsThePartitionOfAHash) {
  const Ring ring = ring_of(ring_format_1(header_1(), kTable));
  EXPECT_EQ(ring.partition_of(Md5Digest{0x3f, 0xff, 0xff, 0xff}), 0U);
  EXPECT_EQ(ring.partition_of(Md5Digest{0x40}), 1U);
  EXPECT_EQ(ring.partition_of(Md5Digest{0xff, 0xff, 0xff, 0xff}), 3U);
  const Ring one = ring_of(ring_format_1(
      header_1(R"("part_shift": 32, "replica_count": 1, "byteorder": "little")"), ids_little({2})));
  EXPECT_EQ(one.partition_count(), 1U);
  EXPECT_EQ(one.partition_of(Md5Digest{0xff, 0xff, 0xff, 0xff}), 0U);
}

TEST_F(RingTest, RefusesEveryCutOfAFile) {
  for (const std::string& whole :
       {ring_format_1(header_1(), kTable),
        ring_format_2(kMetadata, kDevices, ids_big({0, 2, 0, 2, 2, 0, 0, 0}, 2))}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      ASSERT_THAT(error_of(whole.substr(0, size)), StartsWith(path() + ": "))
          << size << " of " << whole.size();
    }
    EXPECT_EQ(error_of(whole), "no error");
  }
}

TEST_F(RingTest, RefusesOrReadsEveryFlippedByte) {
  for (const std::string& whole :
       {ring_format_1(header_1(), kTable),
        ring_format_2(kMetadata, kDevices, ids_big({0, 2, 0, 2, 2, 0, 0, 0}, 2))}) {
    for (std::size_t at = 10; at < whole.size(); ++at) {
      std::string flipped = whole;
      flipped[at] = static_cast<char>(flipped[at] ^ 0x40);
      const std::string error = error_of(flipped);
      ASSERT_TRUE(error == "no error" || error.starts_with(path() + ": ")) << at << ": " << error;
    }
  }
}

TEST_F(RingTest, RefusesATableWithAnotherChecksum) {
  std::string bytes = ring_format_1(header_1(), kTable);
  bytes[bytes.size() - 8] ^= 1;  // gzip's own
  EXPECT_THAT(error_of(bytes), HasSubstr("damaged"));
  RingWriter2 writer;
  writer.section("swift/ring/metadata", kMetadata);
  std::string index = writer.index();
  index[index.size() - 4] ^= 1;
  EXPECT_THAT(error_of(writer.finish(index)),
              HasSubstr("swift/ring/metadata is damaged: its sha256 is another"));
}

TEST_F(RingTest, RefusesWhatIsNoFile) {
  EXPECT_EQ(error_of(""), path() + ": is cut: it ends within its data");
  std::filesystem::remove(path());
  EXPECT_THROW(Ring{path()}, RingError);
  EXPECT_THROW(Ring{directory_.path()}, RingError);
}

TEST_F(RingTest, RefusesHostileFilesOfFormat1) {
  const std::string many_deep(100'000, '[');
  const struct {
    std::string bytes;
    const char* error;
  } cases[] = {
      {"R1NG", "not compressed by gzip"},
      {gzip("\x80\x02}q\x00"), "not a ring, or one of Swift before"},
      {gzip("R1NG" + big_endian(3, 2) + "abc"), "format 3"},
      {gzip("R1NG" + big_endian(1, 2) + big_endian(0xffffffff, 4)), "JSON is too large"},
      {gzip("R1NG" + big_endian(1, 2) + big_endian(50'000'000, 4) + "{}"), "cut"},
      {ring_format_1("", ""), "JSON cannot be parsed"},
      {ring_format_1("[]", ""), "not an object"},
      {ring_format_1("{\"devs\": \"\xff\"}", ""), "JSON cannot be parsed"},
      {ring_format_1(many_deep, ""), "too deep"},
      {ring_format_1(R"({"part_shift": 1, "devs": )" + many_deep, ""), "too deep"},
      {ring_format_1("[" + std::string(9'000'000, ',').replace(0, 1, "0"), ""), "cannot be parsed"},
      {ring_format_1(header_1(R"("replica_count": 2)"), kTable), "part_shift is missing"},
      {ring_format_1(header_1(R"("part_shift": 33, "replica_count": 2)"), kTable),
       "part_shift is not a whole number"},
      {ring_format_1(header_1(R"("part_shift": -1, "replica_count": 2)"), kTable),
       "part_shift is not a whole number"},
      {ring_format_1(header_1(R"("part_shift": 30.0, "replica_count": 2)"), kTable), "part_shift is not"},
      {ring_format_1(header_1(R"("part_shift": 30, "replica_count": 1e99)"), kTable), "replica_count is not"},
      {ring_format_1(header_1(R"("part_shift": 30, "replica_count": 18446744073709551615)"), kTable),
       "replica_count is not"},
      {ring_format_1(header_1(R"("part_shift": 30, "replica_count": 4096)"), kTable),
       "rows of its table are missing"},
      {ring_format_1(header_1(R"("part_shift": 0, "replica_count": 4096)"), kTable), "more than a GiB"},
      {ring_format_1(header_1(R"("part_shift": 30, "replica_count": 2, "byteorder": "middle")"), kTable),
       "neither little nor big"},
      {ring_format_1(header_1(R"("part_shift": 30, "replica_count": 2, "version": "x")"), kTable),
       "version is not"},
      {ring_format_1(header_1(), ""), "rows of its table are missing"},
      {ring_format_1(header_1(R"("part_shift": 30, "replica_count": 3)"), ids_little({0, 2, 0, 2})),
       "rows of its table are missing"},
      {ring_format_1(header_1(), ids_little({0, 2, 0})), "rows of its table are missing"},
      {ring_format_1(header_1(R"("part_shift": 30, "replica_count": 1)"), ids_little({0, 2, 0})), "cut"},
      {ring_format_1(header_1(), kTable.substr(1)), "within a number"},
      {ring_format_1(header_1(), kTable + "more"), "more after its table"},
      {ring_format_1(header_1(), ids_little({0, 1, 0, 2, 2, 0, 0, 0})), "gives partition 1 to device 1"},
      {ring_format_1(header_1(), ids_little({0, 2, 0, 2, 2, 0, 0, 3})), "gives partition 3 to device 3"},
      {ring_format_1(header_1(R"("part_shift": 30, "replica_count": 2)", "{}"), kTable), "not a list"},
      {ring_format_1(header_1(R"("part_shift": 30, "replica_count": 2)", "[7]"), kTable), "device 0: "},
      {ring_format_1(header_1(R"("part_shift": 30, "replica_count": 2)", "[null, {}]"), kTable),
       "device 1: id is missing"},
      {ring_format_1(header_1(R"("part_shift": 30, "replica_count": 2)",
                              R"([{"id": 5, "zone": 1, "ip": "a", "port": 1, "device": "d"}])"),
                     kTable),
       "its id is another"},
      {ring_format_1(header_1(R"("part_shift": 30, "replica_count": 2)",
                              R"([{"id": 0, "zone": 1, "ip": 7, "port": 1, "device": "d"}])"),
                     kTable),
       "ip is not a text"},
      {ring_format_1(header_1(R"("part_shift": 30, "replica_count": 2)",
                              R"([{"id": 0, "zone": 1, "ip": "a", "port": 65536, "device": "d"}])"),
                     kTable),
       "port is not a whole number from 0 to 65535"},
  };
  for (const auto& each : cases) EXPECT_THAT(error_of(each.bytes), HasSubstr(each.error));
}

TEST_F(RingTest, RefusesHostileFilesOfFormat2) {
  const auto with_index = [](const std::string& index) {
    RingWriter2 writer;
    writer.section("swift/ring/metadata", kMetadata);
    return writer.finish(index);
  };
  RingWriter2 lying;
  lying.section("swift/ring/metadata", kMetadata, 1ULL << 40U);
  RingWriter2 wrong_length;
  wrong_length.section("swift/ring/metadata", kMetadata, 5);
  const struct {
    std::string bytes;
    const char* error;
  } cases[] = {
      {gzip("R1NG" + big_endian(2, 2) + incompressible()), "has no index where format 2 has it"},
      {with_index("7"), "has no index"},
      {with_index("{}"), "section swift/ring/metadata is missing"},
      {with_index(R"({"swift/ring/metadata": []})"), "index is not that of a ring"},
      {with_index(R"({"swift/ring/metadata": [-1, 0, 0, 0, "md5", ""]})"), "position"},
      {with_index(R"({"swift/ring/metadata": [0, 9, 0, 0, "md5", ""]})"), "ends before it starts"},
      {with_index(R"({"swift/ring/metadata": [0, 0, 0, 9, "crc32", ""]})"), "digest other than"},
      {with_index(R"({"swift/ring/metadata": [9223372036854775807, 0, 0, 9, "md5", ""]})"), "behind its end"},
      {lying.finish(), "too large"},
      {wrong_length.finish(), "its index disagree"},
      {ring_format_2(R"({"part_shift": 30, "dev_id_bytes": 3})", kDevices, ""), "neither 2 nor 4"},
      {ring_format_2(R"({"part_shift": 30, "dev_id_bytes": 8})", kDevices, ""), "dev_id_bytes is not"},
      {ring_format_2(R"({"part_shift": 30})", kDevices, ""), "dev_id_bytes is missing"},
      {ring_format_2(kMetadata, kDevices, "abc"), "within a number"},
      {ring_format_2(kMetadata, kDevices, ids_big({0, 2}, 2)), "no whole row"},
      {ring_format_2(R"({"part_shift": 32, "dev_id_bytes": 2})", kDevices, std::string(10'000, '\0')),
       "too many replicas"},
      {ring_format_2(kMetadata, kDevices, ids_big({0, 2, 0, 9}, 2)), "gives partition 3 to device 9"},
  };
  for (const auto& each : cases) EXPECT_THAT(error_of(each.bytes), HasSubstr(each.error));
}

}  // namespace
}  // namespace ssync
