#include "worker/replicator/waiting_partition.h"

#include <algorithm>

namespace ssync {
namespace {

bool is_of(const RingDevice* node, const LocalDevice& device) { return node->id == device.id; }

}  // namespace

WaitingPartition waiting_partition(const LocalDevice& device, const std::string& name, std::uint64_t number) {
  const auto nodes = device.ring->nodes(number);
  return {
      .device = &device,
      .number = number,
      .other_name = name == std::to_string(number) ? nullptr : std::make_unique<const std::string>(name),
      .is_handoff = std::ranges::none_of(nodes, [&](const RingDevice* node) { return is_of(node, device); })};
}

ReplicationJob job_of(const WaitingPartition& partition) {
  const LocalDevice& device = *partition.device;
  ReplicationJob job{
      .policy = device.policy,
      .ring = device.ring,
      .ring_file = device.ring_file,
      .device = device.name,
      .device_path = device.path,
      .region = device.region,
      .partition = partition.other_name ? *partition.other_name : std::to_string(partition.number),
      .number = partition.number,
      .nodes = device.ring->nodes(partition.number),
      .is_handoff = partition.is_handoff};
  std::erase_if(job.nodes, [&](const RingDevice* node) { return is_of(node, device); });
  return job;
}

}  // namespace ssync
