// One pass over all partitions of this node's devices.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/os/disk_threads.h"
#include "common/ring/watched_ring.h"
#include "worker/replicator/collect_jobs.h"
#include "worker/replicator/device_shares.h"
#include "worker/replicator/job_result.h"
#include "worker/replicator/pass_stats.h"
#include "worker/replicator/priority_list.h"
#include "worker/replicator/replication_job.h"
#include "worker/replicator/services.h"
#include "worker/replicator/stats_lines.h"
#include "worker/replicator/visit_times.h"

namespace ssync {

// The rings of the policies that are replicated, by index of the policy.
using PolicyRings = std::map<int, std::shared_ptr<WatchedRing>>;

class Pass {
 public:
  // cycle: 0 to 9; partitions whose number plus cycle is a multiple of ten have their directories listed, all
  // of them if it is not set.
  Pass(const Services& services, const PolicyRings& rings, PriorityList& priority, PassScope scope,
       std::optional<int> cycle);

  // Runs it (swift.obj.replicator.ObjectReplicator.replicate): ends early if a ring changes, which is looked
  // at every ring_check_interval before a job, or, with handoffs_first, if handoffs are left after all of
  // them had their turn. Its numbers are then those of what was done, and are reported as of any pass, in
  // Swift as here (2.30.1 and 2.38.1). Logs progress every stats_interval and at the end. Throws Interrupted;
  // the statistics are then of what was done. The order is job_order.h's.
  //
  // `concurrency` sessions run at a time, as in Swift; but the comparing of suffix hashes does not wait for
  // them: further partitions are compared meanwhile.
  void run();

  // Of each device that was replicated.
  [[nodiscard]] const DeviceStats& stats() const noexcept { return stats_; }

 private:
  using Clock = std::chrono::steady_clock;

  void collect();
  void note_last_turns();
  void run_jobs();
  void take_jobs();
  const WaitingPartition* next_partition();
  void look_at_priority();
  bool may_begin(std::unique_lock<std::mutex>& lock);
  bool has_ring_changed(const WatchedRing& ring_file);
  void run_job(const ReplicationJob& job, DiskThreads& threads);
  void log_progress();
  void stop();

  const Services& services_;
  const PolicyRings& rings_;
  PriorityList& priority_;  // used under mutex_
  PassScope scope_;
  std::optional<int> cycle_;

  std::mutex mutex_;                                           // guards all below
  std::map<std::string, std::unique_ptr<VisitTimes>> visits_;  // by device
  std::condition_variable changed_;
  LocalPartitions local_;
  std::optional<DeviceShares> shares_;
  std::size_t next_ = 0;
  std::size_t handoffs_running_ = 0;
  std::size_t handoffs_left_ = 0;
  bool stopping_ = false;
  bool interrupted_ = false;
  DeviceStats stats_;
  std::vector<double> partition_times_;
  StatsLines lines_;
  Clock::time_point begun_ = Clock::now();
  Clock::time_point next_ring_check_;
  Clock::time_point next_priority_look_;
};

}  // namespace ssync
