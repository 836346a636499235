#include "worker/replicator/device_shares.h"

#include <algorithm>

namespace ssync {
namespace {

// Of so many threads, one of so many devices. All devices together may have more than there are, so that at
// least one of them can be next.
std::size_t most_of_one(std::size_t threads, std::size_t devices) {
  return std::max<std::size_t>(2, (threads * 3 + devices * 2 - 1) / (devices * 2));
}

}  // namespace

DeviceShares::DeviceShares(const Waiting& waiting, std::size_t threads, bool handoffs_first)
    : threads_(threads), handoffs_first_(handoffs_first) {
  for (const WaitingPartition& partition : waiting) {
    const std::size_t kind = kind_of(partition);
    if (devices_[partition.device->name].waiting[kind]++ == 0) ++devices_waiting_[kind];
  }
}

DeviceShares::Waiting::iterator DeviceShares::next(Waiting::iterator begin, Waiting::iterator end) const {
  const std::size_t kind = kind_of(*begin);
  if (devices_waiting_[kind] <= 1) return begin;
  const std::size_t most = most_of_one(threads_, devices_waiting_[kind]);
  const auto can_be = [&](const WaitingPartition& partition) {
    return devices_.at(partition.device->name).running < most;
  };
  const auto found = std::find_if(begin, end, [&](const WaitingPartition& partition) {
    return kind_of(partition) != kind || can_be(partition);
  });
  return found == end || kind_of(*found) != kind ? begin : found;
}

void DeviceShares::begin(const WaitingPartition& partition) {
  const std::size_t kind = kind_of(partition);
  Device& device = devices_.at(partition.device->name);
  ++device.running;
  if (--device.waiting[kind] == 0) --devices_waiting_[kind];
}

void DeviceShares::end(std::string_view device) { --devices_.at(device).running; }

}  // namespace ssync
