// The lines of a replication pass in the log, in Swift's words.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "worker/replicator/pass_stats.h"

namespace ssync {

// How long the other partitions will take, in seconds, if `done` of `all` took `elapsed`
// (swift.common.utils.compute_eta, before it is put into units). done is not 0.
double remaining_seconds(double elapsed, double done, double all);

// Of one pass: what was replicated since the lines before decides which ones there are.
class StatsLines {
 public:
  // Lines for level INFO (ObjectReplicator.stats_line): how many of `jobs` partitions were replicated, how
  // fast, and how long the others will take (compute_eta); successes and failures; suffixes; how long the
  // partitions took. `elapsed` and `partition_times` are seconds, those since the pass began.
  std::vector<std::string> lines(const PassStats& stats, std::uint64_t jobs, double elapsed,
                                 std::vector<double> partition_times);

 private:
  std::uint64_t attempted_before_ = 0;
};

}  // namespace ssync
