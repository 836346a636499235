#include "worker/replicator/job_order.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <string_view>

namespace ssync {

void put_in_order(std::vector<WaitingPartition>& partitions) {
  std::minstd_rand source{std::random_device{}()};
  std::shuffle(partitions.begin(), partitions.end(), source);
  std::ranges::stable_sort(partitions, {}, &WaitingPartition::last_turn);
  std::map<std::string_view, std::uint32_t> rounds;
  for (WaitingPartition& partition : partitions) partition.round = rounds[partition.device->name]++;
  std::ranges::stable_sort(partitions, {}, &WaitingPartition::round);
}

void put_first(std::vector<WaitingPartition>::iterator begin, std::vector<WaitingPartition>::iterator end,
               const PriorityList& priority, bool handoffs_first) {
  if (!priority.empty()) {
    std::stable_partition(begin, end, [&](const WaitingPartition& partition) {
      return priority.contains(partition.device->policy->index, partition.number);
    });
  }
  if (handoffs_first) {
    std::stable_partition(begin, end, [](const WaitingPartition& partition) { return partition.is_handoff; });
  }
}

}  // namespace ssync
