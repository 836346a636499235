// How many of the partitions under way are of one device.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <string_view>
#include <vector>

#include "worker/replicator/waiting_partition.h"

namespace ssync {

// Threads take partitions of all devices in turn; of a drive that is slow, or hangs, they come back late, or
// not at all, and in the end it would have all of them. So while others wait no device has more than half as
// many again as its part of the threads.
class DeviceShares {
 public:
  using Waiting = std::vector<WaitingPartition>;

  // waiting are all partitions of the pass, which must outlive this. With handoffs_first primary partitions
  // do not go before handoffs.
  DeviceShares(const Waiting& waiting, std::size_t threads, bool handoffs_first);

  // The first from begin, which is not the end, whose turn it can be. Of devices in their order this takes a
  // few looks, and more only as partitions of a device that has enough are left behind.
  [[nodiscard]] Waiting::iterator next(Waiting::iterator begin, Waiting::iterator end) const;
  // Of what was next.
  void begin(const WaitingPartition& partition);
  void end(std::string_view device);

 private:
  struct Device {
    std::size_t running = 0;
    std::array<std::size_t, 2> waiting = {};  // primary partitions; handoffs, if they go first
  };

  [[nodiscard]] std::size_t kind_of(const WaitingPartition& partition) const {
    return handoffs_first_ && partition.is_handoff ? 1 : 0;
  }

  std::size_t threads_;
  bool handoffs_first_;
  std::map<std::string_view, Device> devices_;
  std::array<std::size_t, 2> devices_waiting_ = {};  // which have any of them
};

}  // namespace ssync
