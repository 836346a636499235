// How fast a node is replicated to, and from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "common/config/replicator_settings.h"
#include "worker/sender/bandwidth_share.h"

namespace ssync {

// The limits of all sessions of a process: one for each device elsewhere (ssync_bandwidth_per_peer) and one
// for each device of this node (ssync_bandwidth_per_device). They are by device, not by node, since what
// clients feel is a disk that is busy with replication: a node takes as many times more as it has disks. They
// outlive passes and rings. Thread-safe.
class BandwidthLimits {
 public:
  // `processes` share a node's devices; each has devices of its own, but all may send to the same peer: each
  // gets its part of that limit, which together they never exceed, unless it were too little for a session.
  BandwidthLimits(const ReplicatorSettings& settings, std::size_t processes);

  // Those of a session: from a device of this node to one elsewhere. Empty if there are none.
  BandwidthShare::Limits of_session(const std::string& device, const std::string& peer);

 private:
  using ByName = std::map<std::string, std::shared_ptr<BandwidthLimit>>;

  std::int64_t per_peer_;
  std::int64_t per_device_;
  std::mutex mutex_;  // guards all below
  ByName peers_;
  ByName devices_;
};

// What a process has of ssync_bandwidth_per_peer, in bytes per second; 0: no limit.
std::int64_t bandwidth_per_peer_of_each(const ReplicatorSettings& settings, std::size_t processes);

}  // namespace ssync
