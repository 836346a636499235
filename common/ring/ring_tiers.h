// Which devices of a ring share a region, a zone or an address.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/ring/ring_header.h"

namespace ssync {

// A device's region, zone and address, as numbers from 0 up. A zone is one within its region, and an address
// one within its zone.
struct DeviceTiers {
  std::uint32_t region = 0;
  std::uint32_t zone = 0;
  std::uint32_t ip = 0;
};

// Of the devices that have partitions only: a region, zone or address without any is none to look for
// (Ring._update_bookkeeping).
class RingTiers {
 public:
  RingTiers() = default;
  // `partitions` is how many each device has, by id.
  RingTiers(const RingDevices& devices, std::span<const std::uint64_t> partitions);

  // Of a device that has partitions.
  [[nodiscard]] const DeviceTiers& of(std::uint32_t id) const { return tiers_[id]; }
  [[nodiscard]] std::uint32_t regions() const noexcept { return regions_; }
  [[nodiscard]] std::uint32_t zones() const noexcept { return zones_; }
  [[nodiscard]] std::uint32_t ips() const noexcept { return ips_; }
  // How many devices have partitions.
  [[nodiscard]] std::uint32_t devices() const noexcept { return devices_; }

 private:
  std::vector<DeviceTiers> tiers_;  // by id
  std::uint32_t regions_ = 0;
  std::uint32_t zones_ = 0;
  std::uint32_t ips_ = 0;
  std::uint32_t devices_ = 0;
};

}  // namespace ssync
