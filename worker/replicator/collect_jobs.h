// The partitions that are on this node's devices.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/config/replicator_settings.h"
#include "common/config/storage_policy.h"
#include "common/ring/node_addresses.h"
#include "common/ring/watched_ring.h"
#include "worker/replicator/pass_stats.h"
#include "worker/replicator/waiting_partition.h"

namespace ssync {

// What a pass is restricted to; all of a kind if it is not set.
struct PassScope {
  std::optional<std::set<std::string>> devices = {};
  std::optional<std::set<std::uint64_t>> partitions = {};
  std::optional<std::set<int>> policies = {};
  bool only_look = false;  // nothing is made or removed
};

// Statistics by name of a local device.
using DeviceStats = std::map<std::string, PassStats>;

// True for a device of the ring that is this node's (swift.common.ring.utils.is_local_device): by replication
// address and, unless servers_per_port is used, replication port.
bool is_local(const RingDevice& device, NodeAddresses& addresses, const ReplicatorSettings& settings);

// The port of that, as Swift's lines in the log have it: "None" if it is any.
std::string ring_port_text(const ReplicatorSettings& settings);

// Adds each partition directory of the policy on this node's devices to `found`
// (swift.obj.replicator.build_replication_jobs). Removes old files from the devices' tmp directories and
// creates missing objects directories. A device that is not usable, or of which the objects directory cannot
// be read, is counted as failed in `stats` and logged (of the latter Swift's pass dies), and one that has a
// partition with a name that is no number is counted. None of a policy of which the partition power is being
// increased, which is logged.
void collect_jobs(const StoragePolicy& policy, const WatchedRing& ring_file,
                  const ReplicatorSettings& settings, const PassScope& scope, NodeAddresses& addresses,
                  LocalPartitions& found, DeviceStats& stats);

// The path of a device if it is usable; otherwise logs why it is not.
std::optional<std::string> checked_device(const ReplicatorSettings& settings, const std::string& device);

}  // namespace ssync
