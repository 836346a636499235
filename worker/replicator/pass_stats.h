// What a replication pass counts.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "worker/recon/python_json.h"

namespace ssync {

// A device elsewhere with which something failed: replication_ip and name.
using FailedDevice = std::pair<std::string, std::string>;

// By Swift's names (swift.obj.replicator.Stats).
struct PassStats {
  std::uint64_t attempted = 0;  // partitions
  std::uint64_t failure = 0;    // of a partition with a device
  std::uint64_t hashmatch = 0;  // partitions in sync with a device
  std::uint64_t remove = 0;     // handoff partitions removed
  std::uint64_t rsync = 0;      // sessions
  std::uint64_t success = 0;    // of a partition with a device
  std::uint64_t suffix_count = 0;
  std::uint64_t suffix_hash = 0;
  std::uint64_t suffix_sync = 0;
  std::map<std::string, std::map<std::string, std::uint64_t>> failure_nodes;  // by address, then by device

  // Counts a failure with a device (add_failure_stats).
  void add_failure(const FailedDevice& device);
  void add_failures(const std::set<FailedDevice>& failures);

  // Adds all counts.
  PassStats& operator+=(const PassStats& other);

  friend bool operator==(const PassStats&, const PassStats&) = default;
};

// What stands in object.recon (Stats.to_recon).
Json to_recon(const PassStats& stats);

// The counts in that (Stats.from_recon). What is missing, or is no count, is 0.
PassStats stats_from_recon(const Json& recon);

}  // namespace ssync
