#include "worker/sender/bandwidth_limit.h"

#include <algorithm>

namespace ssync {
namespace {

constexpr std::int64_t kTurnsInASecond = 10;
constexpr std::chrono::milliseconds kKeptUnused{150};
constexpr std::chrono::milliseconds kBetweenLooks{200};

}  // namespace

BandwidthLimit::BandwidthLimit(std::int64_t bytes_per_second, Clock::time_point now)
    : bytes_per_second_(std::max<std::int64_t>(bytes_per_second, 1)),
      places_(static_cast<std::size_t>(std::max<std::int64_t>(bytes_per_second_ / kLeastEach, 1))),
      ready_at_(now) {}

void BandwidthLimit::join(const GiveUp& give_up) {
  std::unique_lock lock(mutex_);
  while (sharing_ >= places_) {
    left_.wait_for(lock, kBetweenLooks);
    if (sharing_ >= places_) give_up();
  }
  ++sharing_;
}

void BandwidthLimit::leave() noexcept {
  {
    const std::lock_guard lock(mutex_);
    --sharing_;
  }
  left_.notify_one();
}

std::size_t BandwidthLimit::bytes_of_turn() const {
  const std::lock_guard lock(mutex_);
  const auto sharing = static_cast<std::int64_t>(std::max<std::size_t>(sharing_, 1));
  return static_cast<std::size_t>(std::max<std::int64_t>(bytes_per_second_ / kTurnsInASecond / sharing, 1));
}

BandwidthLimit::Clock::time_point BandwidthLimit::reserve(std::size_t bytes, Clock::time_point now) {
  const std::chrono::duration<double> cost(static_cast<double>(bytes) /
                                           static_cast<double>(bytes_per_second_));
  const std::lock_guard lock(mutex_);
  const Clock::time_point begin = std::max(ready_at_, now - kKeptUnused);
  ready_at_ = begin + std::chrono::duration_cast<Clock::duration>(cost);
  return begin;
}

}  // namespace ssync
