// One partition of one of this node's devices, and where else it belongs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/config/storage_policy.h"
#include "common/os/log_context.h"
#include "common/ring/ring.h"
#include "common/ring/watched_ring.h"

namespace ssync {

// What swift.obj.replicator.build_replication_jobs knows of a partition.
struct ReplicationJob {
  const StoragePolicy* policy = nullptr;
  std::shared_ptr<const Ring> ring = {};   // owns the nodes
  const WatchedRing* ring_file = nullptr;  // which the ring was read from; must outlive the job
  std::string device = {};                 // "sda1"
  std::string device_path = {};            // "/srv/node/sda1"
  std::int64_t region = 0;                 // of the device
  std::string partition = {};              // the name of its directory
  std::uint64_t number = 0;
  std::vector<const RingDevice*> nodes = {};  // the primaries, without this node's own device
  bool is_handoff = false;                    // this node's device is none of the primaries
};

// What lines of the log have beside their text while it is worked on.
inline std::vector<log::Field> log_fields(const ReplicationJob& job) {
  return {{"device", job.device}, {"partition", job.partition}, {"policy", std::int64_t{job.policy->index}}};
}

}  // namespace ssync
