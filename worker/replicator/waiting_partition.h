// The partitions of this node's devices that wait for their turn in a pass.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "common/config/storage_policy.h"
#include "common/ring/ring.h"
#include "common/ring/watched_ring.h"
#include "worker/replicator/replication_job.h"

namespace ssync {

// What the partitions of a policy on one of this node's devices have in common.
struct LocalDevice {
  const StoragePolicy* policy = nullptr;
  std::shared_ptr<const Ring> ring = {};
  const WatchedRing* ring_file = nullptr;  // which the ring was read from; must outlive this
  std::uint32_t id = 0;                    // in the ring
  std::string name = {};                   // "sda1"
  std::string path = {};                   // "/srv/node/sda1"
  std::int64_t region = 0;
};

// A node may have a million of them: what a job needs besides is worked out when its turn comes.
struct WaitingPartition {
  const LocalDevice* device = nullptr;
  std::uint64_t number = 0;
  // Of its directory, if that is not the number in digits, as Python takes more than these for a number.
  std::unique_ptr<const std::string> other_name = {};
  std::int64_t last_turn = 0;  // Unix time; 0: never
  std::uint32_t round = 0;     // job_order.h's
  bool is_handoff = false;     // the device is none of its primaries
};

struct LocalPartitions {
  std::deque<LocalDevice> devices = {};  // which stay where they are
  std::vector<WaitingPartition> waiting = {};
};

// The device's partition with this directory, which is a number to Python.
WaitingPartition waiting_partition(const LocalDevice& device, const std::string& name, std::uint64_t number);

// Its job, which refers to nothing of the partition.
ReplicationJob job_of(const WaitingPartition& partition);

}  // namespace ssync
