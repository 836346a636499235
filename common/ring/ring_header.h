// The JSON in ring files: how the table is laid out, and which devices there are.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ring/ring_device.h"

namespace ssync {

enum class RingByteOrder { little, big };

struct RingLayout {
  int part_shift = 32;  // 0 to 32; 2^(32 - part_shift) partitions
  int rows = 0;         // format 1: rows of the table, of which the last may be short
  RingByteOrder byte_order = RingByteOrder::big;
  int dev_id_bytes = 2;  // 2 or 4
  std::optional<std::int64_t> version;
  std::optional<int> next_part_power;
};

// Where a section of a file of format 2 is.
struct RingSection {
  std::uint64_t compressed_start = 0;
  std::uint64_t length = 0;  // uncompressed, with the eight bytes of its size
  std::string digest_name;   // as OpenSSL knows it: sha256
  std::string digest;        // lower-case hex digits; empty: none
};

// By id; nullopt is a hole, left by a device that was removed.
using RingDevices = std::vector<std::optional<RingDevice>>;

// JSON of more bytes than this is not read. A device takes about 300.
inline constexpr std::uint64_t kMaxRingJson = 64ULL << 20U;
// More replicas than this is nobody's ring, but a number that was made up.
inline constexpr int kMaxRingRows = 4096;

// All of these throw RingError, without the file's path, for what is not JSON, lacks something, has numbers
// that no ring can have, or is deeper or has more values than any ring's. The header of format 1
// (RingData.deserialize_v1); byte order is this machine's if it is not named.
RingLayout read_ring_header(std::string_view json, RingDevices& devices);
// The sections `swift/ring/metadata` and `swift/ring/devices`, and the index, of format 2
// (swift.common.ring.io).
RingLayout read_ring_metadata(std::string_view json);
RingDevices read_ring_devices(std::string_view json);
std::map<std::string, RingSection> read_ring_index(std::string_view json);

}  // namespace ssync
