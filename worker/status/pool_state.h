// What the status page shows, as it was at one moment.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "worker/pool/board.h"
#include "worker/status/history.h"
#include "worker/status/replicator_state.h"

namespace ssync {

struct PoolState {
  double time = 0;  // seconds since the epoch
  PoolFacts facts;
  Room room;
  int free_slots = 0;
  std::optional<double> backoff = {};  // seconds until workers that are missing are started; none: at once
  std::vector<BoardView> workers;      // all places that are used, but that of the status process
  std::vector<DeviceTotals> devices;
  // Of each of these, of those with a session, and of those that an operator has limited or drained.
  std::map<std::string, DeviceLimits> limits;
  std::set<std::string> drained;  // of the same
  bool all_drained = false;
  std::vector<RecentFailure> failures;
  std::array<DistributionTotals, kDistributions> distributions;
  ReplicatorState replicator;  // which is no part of the pool: nobody, unless somebody puts it here

  // The counters of all devices, with what sessions that still run have done.
  [[nodiscard]] std::map<std::string, Flow> flows() const;
};

// own: the place of the process that asks. Throws OsError if the mutex fails.
PoolState read_pool_state(const Board& board, pid_t own);

// Whether this worker has a session that was accepted: one that runs or waits for its turn.
bool is_session(const BoardView& worker);

}  // namespace ssync
