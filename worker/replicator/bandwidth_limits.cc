#include "worker/replicator/bandwidth_limits.h"

#include <algorithm>

namespace ssync {
namespace {

std::shared_ptr<BandwidthLimit> limit_of(std::map<std::string, std::shared_ptr<BandwidthLimit>>& limits,
                                         const std::string& name, std::int64_t bytes_per_second) {
  auto& limit = limits[name];
  if (!limit) limit = std::make_shared<BandwidthLimit>(bytes_per_second);
  return limit;
}

}  // namespace

std::int64_t bandwidth_per_peer_of_each(const ReplicatorSettings& settings, std::size_t processes) {
  const std::int64_t all = settings.bandwidth_per_peer;
  if (all == 0) return 0;
  return std::max(all / static_cast<std::int64_t>(std::max<std::size_t>(processes, 1)),
                  BandwidthLimit::kLeastEach);
}

BandwidthLimits::BandwidthLimits(const ReplicatorSettings& settings, std::size_t processes)
    : per_peer_(bandwidth_per_peer_of_each(settings, processes)),
      per_device_(settings.bandwidth_per_device) {}

BandwidthShare::Limits BandwidthLimits::of_session(const std::string& device, const std::string& peer) {
  BandwidthShare::Limits limits;
  if (per_peer_ == 0 && per_device_ == 0) return limits;
  const std::lock_guard lock(mutex_);
  // In this order, as BandwidthShare wants it.
  if (per_peer_ != 0) limits.push_back(limit_of(peers_, peer, per_peer_));
  if (per_device_ != 0) limits.push_back(limit_of(devices_, device, per_device_));
  return limits;
}

}  // namespace ssync
