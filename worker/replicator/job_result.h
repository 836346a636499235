// What became of a job.
#pragma once

#include <cstddef>
#include <set>

#include "common/ring/ring_device.h"
#include "worker/replicator/pass_stats.h"

namespace ssync {

// Numbers for the device's statistics; nodes are counted by replication address and device, as in Swift.
struct JobResult {
  using Nodes = std::set<FailedDevice>;

  Nodes targets;
  Nodes failures;
  std::size_t hashmatch = 0;
  std::size_t rsync = 0;  // sessions; the name is that of Swift's statistics
  std::size_t removed_partitions = 0;
  std::size_t suffix_count = 0;
  std::size_t suffix_hash = 0;
  std::size_t suffix_sync = 0;
  bool has_handoff_left = false;
  bool is_put_off = false;  // to the next pass, before anything was done

  void add_failure(const RingDevice& node) { failures.emplace(node.replication_ip, node.device); }
  void add_target(const RingDevice& node) { targets.emplace(node.replication_ip, node.device); }
};

}  // namespace ssync
