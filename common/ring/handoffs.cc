#include "common/ring/handoffs.h"

#include <algorithm>
#include <string>

#include "common/os/md5.h"

namespace ssync {
namespace {

// So many partitions are looked at in a large ring, whatever its size.
constexpr std::uint64_t kLookedAt = 65536;

}  // namespace

Handoffs::Handoffs(const Ring& ring, std::uint64_t partition) : ring_(ring) {
  const RingTiers& tiers = ring.tiers();
  regions_.marks.resize(tiers.regions());
  zones_.marks.resize(tiers.zones());
  ips_.marks.resize(tiers.ips());
  devices_.marks.resize(ring.devices().size());
  for (const RingDevice* primary : ring.nodes(partition)) take(*primary);
  step_ = std::max<std::uint64_t>(ring.partition_count() / kLookedAt, 1);
  start_ = ring.partition_of(md5_digest(std::to_string(partition)));
  begin_stage(Stage::regions);
}

void Handoffs::begin_walk() {
  at_ = start_;
  end_ = ring_.partition_count();
  row_ = 0;
  is_second_half_ = false;
}

// The second half begins where the first one's steps come round to. If they come round to partition 0
// exactly, Swift begins one step later; so do we, as all have to choose the same handoffs.
bool Handoffs::to_next_partition() {
  row_ = 0;
  at_ += step_;
  if (at_ < end_) return true;
  if (is_second_half_) return false;
  is_second_half_ = true;
  at_ = step_ - (ring_.partition_count() - start_) % step_;
  end_ = start_;
  return at_ < end_;
}

void Handoffs::begin_stage(Stage stage) {
  stage_ = stage;
  begin_walk();
}

bool Handoffs::is_stage_complete() const {
  const RingTiers& tiers = ring_.tiers();
  switch (stage_) {
    case Stage::regions:
      return regions_.count == tiers.regions();
    case Stage::zones:
      return zones_.count == tiers.zones();
    case Stage::ips:
      return ips_.count == tiers.ips();
    default:
      return devices_.count == tiers.devices();
  }
}

bool Handoffs::is_new(const RingDevice& device) const {
  if (devices_.marks[device.id]) return false;
  const DeviceTiers& tiers = ring_.tiers().of(device.id);
  switch (stage_) {
    case Stage::regions:
      return !regions_.marks[tiers.region];
    case Stage::zones:
      return !zones_.marks[tiers.zone];
    case Stage::ips:
      return !ips_.marks[tiers.ip];
    default:
      return true;
  }
}

void Handoffs::take(const RingDevice& device) {
  const DeviceTiers& tiers = ring_.tiers().of(device.id);
  regions_.mark(tiers.region);
  zones_.mark(tiers.zone);
  ips_.mark(tiers.ip);
  devices_.mark(device.id);
}

const RingDevice* Handoffs::next() {
  while (stage_ != Stage::done) {
    while (!is_stage_complete()) {
      while (row_ < ring_.rows()) {
        const RingDevice* device = ring_.device_of(row_++, at_);
        if (device == nullptr || !is_new(*device)) continue;
        take(*device);
        return device;
      }
      if (!to_next_partition()) break;
    }
    begin_stage(static_cast<Stage>(static_cast<int>(stage_) + 1));
  }
  return nullptr;
}

}  // namespace ssync
