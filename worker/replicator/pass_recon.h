// What a replication pass leaves in object.recon, for swift-recon and monitoring.
#pragma once

#include <map>
#include <set>
#include <string>

#include "worker/recon/python_json.h"
#include "worker/replicator/pass_stats.h"

namespace ssync {

// When a pass was over, in seconds since 1970, and how many minutes it took.
struct PassEnd {
  double time = 0;
  double minutes = 0;
};

// For dump_recon_cache(): a pass over all devices in one process (ObjectReplicator.update_recon).
Json pass_recon(const PassStats& stats, const PassEnd& end);

// The same of a process that has some of the devices, by device; all devices of the process are in `stats`.
Json pass_recon_per_disk(const std::map<std::string, PassStats>& stats, const PassEnd& end);

// What several processes have left by device, put together (ObjectReplicator.aggregate_recon_update): sums,
// the oldest end and the shortest time, once all of `local_devices` are there; and removes those that no
// longer are. Without devices there are no sums, where Swift has the time Infinity, which is no JSON.
Json aggregated_recon(const Json& cache, const std::set<std::string>& local_devices);

}  // namespace ssync
