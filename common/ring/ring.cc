#include "common/ring/ring.h"

#include <algorithm>

#include "common/ring/errors.h"

namespace ssync {

Ring::Ring(const std::string& path) : file_(read_ring_file(path)) {
  count_partitions(path);
  tiers_ = RingTiers(file_.devices, partitions_);
}

void Ring::count_partitions(const std::string& path) {
  partitions_.resize(file_.devices.size());
  for (std::size_t at = 0; at < file_.table.size(); ++at) {
    const std::uint32_t id = file_.table[at];
    if (id == file_.table.none()) continue;
    if (id >= file_.devices.size() || !file_.devices[id]) {
      throw RingError(path + ": gives partition " + std::to_string(at % partition_count()) + " to device " +
                      std::to_string(id) + ", which it does not have; write the ring again");
    }
    ++partitions_[id];
  }
}

double Ring::replica_count() const noexcept {
  return static_cast<double>(file_.table.size()) / static_cast<double>(partition_count());
}

std::uint64_t Ring::partitions_of(std::uint32_t id) const {
  return id < partitions_.size() ? partitions_[id] : 0;
}

std::uint32_t Ring::partition_of(const Md5Digest& hash) const noexcept {
  const std::uint64_t first = std::uint64_t{hash[0]} << 24U | std::uint64_t{hash[1]} << 16U |
                              std::uint64_t{hash[2]} << 8U | std::uint64_t{hash[3]};
  // 64 bits, since a ring of one partition shifts by 32.
  return static_cast<std::uint32_t>(first >> static_cast<unsigned>(file_.layout.part_shift));
}

std::vector<const RingDevice*> Ring::nodes(std::uint64_t partition) const {
  std::vector<const RingDevice*> found;
  if (partition >= partition_count()) return found;
  for (std::size_t row = 0; row < rows(); ++row) {
    const RingDevice* device = device_of(row, partition);
    if (device != nullptr && std::ranges::find(found, device) == found.end()) found.push_back(device);
  }
  return found;
}

std::size_t Ring::rows() const noexcept {
  return (file_.table.size() + partition_count() - 1) / partition_count();
}

const RingDevice* Ring::device_of(std::size_t row, std::uint64_t partition) const {
  const std::size_t at = row * partition_count() + partition;
  if (at >= file_.table.size()) return nullptr;
  const std::uint32_t id = file_.table[at];
  return id == file_.table.none() ? nullptr : &*file_.devices[id];
}

}  // namespace ssync
