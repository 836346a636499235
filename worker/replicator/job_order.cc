#include "worker/replicator/job_order.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <random>
#include <string>
#include <utility>

namespace ssync {

void put_in_order(std::vector<ReplicationJob>& jobs) {
  std::minstd_rand source{std::random_device{}()};
  std::shuffle(jobs.begin(), jobs.end(), source);
  std::stable_sort(jobs.begin(), jobs.end(), [](const ReplicationJob& one, const ReplicationJob& other) {
    return one.last_turn < other.last_turn;
  });
  std::map<std::string, std::size_t> counts;
  std::vector<std::pair<std::size_t, std::size_t>> turns;
  turns.reserve(jobs.size());
  for (std::size_t at = 0; at < jobs.size(); ++at) turns.emplace_back(counts[jobs[at].device]++, at);
  std::sort(turns.begin(), turns.end());
  std::vector<ReplicationJob> ordered;
  ordered.reserve(jobs.size());
  for (const auto& turn : turns) ordered.push_back(std::move(jobs[turn.second]));
  jobs = std::move(ordered);
}

void put_first(std::vector<ReplicationJob>::iterator begin, std::vector<ReplicationJob>::iterator end,
               const PriorityList& priority, bool handoffs_first) {
  if (!priority.empty()) {
    std::stable_partition(begin, end, [&](const ReplicationJob& job) {
      return priority.contains(job.policy->index, job.number);
    });
  }
  if (handoffs_first) {
    std::stable_partition(begin, end, [](const ReplicationJob& job) { return job.is_handoff; });
  }
}

}  // namespace ssync
