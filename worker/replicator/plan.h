// What a pass would do, found out without doing it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "worker/replicator/collect_jobs.h"
#include "worker/replicator/pass.h"
#include "worker/replicator/services.h"

namespace ssync {

// To one device elsewhere.
struct PlannedTransfer {
  std::size_t partitions = 0;
  std::size_t suffixes = 0;
  std::size_t objects = 0;  // data, tombstones and newer metadata
  std::uint64_t bytes = 0;  // of data

  PlannedTransfer& operator+=(const PlannedTransfer& other);
};

// Of one device here, of one policy.
struct DevicePlan {
  std::size_t in_sync = 0;
  std::size_t differing = 0;
  std::size_t handoffs = 0;                          // of partitions that do not belong here
  std::map<std::string, PlannedTransfer> transfers;  // by "ip:port/device"
  std::map<std::string, std::size_t> unknown;        // partitions for which this device could not be asked
};

using Plan =
    std::map<std::pair<int, std::string>, DevicePlan>;  // by index of the policy and name of the device

// Asks all other nodes for what they have (REPLICATE), and those that differ for which objects they want, in
// sessions without updates. Nothing is changed here: no hashes are written, no directories made or removed;
// on other nodes REPLICATE and a session do what they always do. Suffixes are hashed as they are on the disk.
// What fails is logged. Throws Interrupted.
Plan plan_pass(const Services& services, const PolicyRings& rings, PassScope scope);

// Its lines, with sums.
std::string plan_text(const Plan& plan, const SwiftConf& conf);

}  // namespace ssync
