#include "common/ring/ring_tiers.h"

#include <map>
#include <string_view>
#include <tuple>

namespace ssync {
namespace {

// Numbers for keys, in the order in which they come.
template <typename Key>
class Numbers {
 public:
  std::uint32_t of(const Key& key) {
    return numbers_.emplace(key, static_cast<std::uint32_t>(numbers_.size())).first->second;
  }
  [[nodiscard]] std::uint32_t count() const { return static_cast<std::uint32_t>(numbers_.size()); }

 private:
  std::map<Key, std::uint32_t> numbers_;
};

}  // namespace

RingTiers::RingTiers(const RingDevices& devices, std::span<const std::uint64_t> partitions)
    : tiers_(devices.size()) {
  Numbers<std::int64_t> regions;
  Numbers<std::tuple<std::int64_t, std::int64_t>> zones;
  Numbers<std::tuple<std::int64_t, std::int64_t, std::string_view>> ips;
  for (const auto& device : devices) {
    if (!device || partitions[device->id] == 0) continue;
    ++devices_;
    tiers_[device->id] = {regions.of(device->region), zones.of({device->region, device->zone}),
                          ips.of({device->region, device->zone, device->ip})};
  }
  regions_ = regions.count();
  zones_ = zones.count();
  ips_ = ips.count();
}

}  // namespace ssync
