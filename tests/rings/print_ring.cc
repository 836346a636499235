// Prints what a ring file has, as JSON, for a comparison with Swift: print_ring FILE [HASH…].
#include <cstdint>
#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "common/python/hex.h"
#include "common/ring/handoffs.h"
#include "common/ring/ring.h"

namespace {

using Json = nlohmann::json;

constexpr std::size_t kHandoffs = 20;
// Of a larger ring only kSample of its partitions are printed, as random_ring.py has them.
constexpr std::uint64_t kMostPartitions = 2048;
constexpr std::uint64_t kSample = 8;

Json device_json(const ssync::RingDevice& device) {
  return {{"id", device.id},
          {"region", device.region},
          {"zone", device.zone},
          {"ip", device.ip},
          {"port", device.port},
          {"replication_ip", device.replication_ip},
          {"replication_port", device.replication_port},
          {"device", device.device},
          {"weight", device.weight}};
}

ssync::Md5Digest digest_of(const std::string& hex) {
  ssync::Md5Digest digest{};
  for (std::size_t at = 0; at < digest.size() && 2 * at + 1 < hex.size(); ++at) {
    digest[at] = static_cast<unsigned char>(ssync::python::hex_value(hex[2 * at]) * 16 +
                                            ssync::python::hex_value(hex[2 * at + 1]));
  }
  return digest;
}

Json handoff_ids(const ssync::Ring& ring, std::uint64_t partition) {
  ssync::Handoffs handoffs(ring, partition);
  Json ids = Json::array();
  while (ids.size() < kHandoffs) {
    const ssync::RingDevice* device = handoffs.next();
    if (device == nullptr) break;
    ids.push_back(device->id);
  }
  return ids;
}

Json ring_json(const ssync::Ring& ring, std::span<char*> hashes) {
  Json json = {
      {"format", ring.format()}, {"part_power", ring.part_power()}, {"replicas", ring.replica_count()}};
  json["version"] = ring.version() ? Json(*ring.version()) : Json();
  json["next_part_power"] = ring.next_part_power() ? Json(*ring.next_part_power()) : Json();
  for (const auto& device : ring.devices()) {
    json["devices"].push_back(device ? device_json(*device) : Json());
    json["partitions"].push_back(device ? ring.partitions_of(device->id) : 0);
  }
  const std::uint64_t step = ring.partition_count() > kMostPartitions ? ring.partition_count() / kSample : 1;
  for (std::uint64_t partition = 0; partition < ring.partition_count(); partition += step) {
    Json ids = Json::array();
    for (const ssync::RingDevice* device : ring.nodes(partition)) ids.push_back(device->id);
    json["nodes"].push_back(ids);
    json["handoffs"].push_back(handoff_ids(ring, partition));
  }
  for (const char* hash : hashes) json["hashes"][hash] = ring.partition_of(digest_of(hash));
  return json;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc < 2) throw std::runtime_error("usage: print_ring FILE [HASH...]");
    const std::span<char*> arguments(argv, static_cast<std::size_t>(argc));
    std::puts(ring_json(ssync::Ring(argv[1]), arguments.subspan(2)).dump().c_str());
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
