// What the processes of ssync-replicator on this node have told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "worker/replicator_report/replicator_report.h"

namespace ssync {

struct ReplicatorProcess {
  std::string socket = {};                      // its name in recon_cache_path
  bool answers = false;                         // when it was asked last; false: the report is an older one
  double answered = 0;                          // when it gave the report, seconds since the epoch
  std::optional<ReplicatorReport> report = {};  // nullopt: it never did
};

struct ReplicatorState {
  std::vector<ReplicatorProcess> processes = {};  // none: there is no replicator

  [[nodiscard]] bool is_there() const noexcept { return !processes.empty(); }
  [[nodiscard]] bool answers() const;
};

// Of all processes together. What each has by the name of a device or a peer is added up.
struct ReplicatorSums {
  std::int64_t partitions = 0;
  std::int64_t done = 0;
  std::int64_t running = 0;
  std::int64_t left = 0;
  std::int64_t handoffs = 0;
  std::int64_t handoffs_left = 0;
  double rate = 0;
  double rate_lately = 0;
  std::optional<double> remaining_seconds = {};  // of the one that takes longest
  std::vector<ReportedDevice> devices = {};      // by name
  std::vector<ReportedPeer> peers = {};
  std::vector<ReportedJob> jobs = {};  // the oldest first
  std::int64_t devices_left_out = 0;
  std::int64_t peers_left_out = 0;
  std::int64_t jobs_left_out = 0;
};

ReplicatorSums sums_of(const ReplicatorState& replicator);

}  // namespace ssync
