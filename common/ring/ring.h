// A ring: which devices a partition belongs to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/os/md5.h"
#include "common/ring/ring_device.h"
#include "common/ring/ring_file.h"
#include "common/ring/ring_tiers.h"

namespace ssync {

class Ring {
 public:
  // Reads and checks a ring file (swift.common.ring.Ring). Throws RingError, with the path, for what
  // read_ring_file() refuses, and for a partition of a device that is not in the ring.
  explicit Ring(const std::string& path);

  [[nodiscard]] int format() const noexcept { return file_.format; }
  // The count of changes that swift-ring-builder keeps; nullopt in rings of old releases.
  [[nodiscard]] std::optional<std::int64_t> version() const noexcept { return file_.layout.version; }
  [[nodiscard]] int part_power() const noexcept { return 32 - file_.layout.part_shift; }
  // Set while a part-power increase is prepared or under way.
  [[nodiscard]] std::optional<int> next_part_power() const noexcept { return file_.layout.next_part_power; }
  [[nodiscard]] std::uint64_t partition_count() const noexcept { return std::uint64_t{1} << part_power(); }
  // With the fraction of partitions that have one replica more (calc_replica_count); 0 of a ring that has
  // never been balanced.
  [[nodiscard]] double replica_count() const noexcept;
  // By id; nullopt is a hole.
  [[nodiscard]] const RingDevices& devices() const noexcept { return file_.devices; }
  // Partitions that a device has, counted once for each replica. 0 for an unknown id.
  [[nodiscard]] std::uint64_t partitions_of(std::uint32_t id) const;

  // The partition of an object, container or account with this hash (Ring.get_part).
  [[nodiscard]] std::uint32_t partition_of(const Md5Digest& hash) const noexcept;
  // The primaries of a partition, replica by replica, each device once (Ring.get_part_nodes). They live as
  // long as the ring. Empty for a partition that the ring does not have.
  [[nodiscard]] std::vector<const RingDevice*> nodes(std::uint64_t partition) const;

  // The table under it: rows of replicas, of which the last may be short.
  [[nodiscard]] std::size_t rows() const noexcept;
  // The device that has this replica of a partition that the ring has; nullptr where there is none.
  [[nodiscard]] const RingDevice* device_of(std::size_t row, std::uint64_t partition) const;
  // What handoffs are chosen by.
  [[nodiscard]] const RingTiers& tiers() const noexcept { return tiers_; }

 private:
  void count_partitions(const std::string& path);

  RingFile file_;
  std::vector<std::uint64_t> partitions_;  // by id of a device
  RingTiers tiers_;
};

}  // namespace ssync
