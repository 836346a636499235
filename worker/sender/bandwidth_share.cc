#include "worker/sender/bandwidth_share.h"

#include <algorithm>
#include <utility>

namespace ssync {

BandwidthShare::BandwidthShare(Limits limits, const BandwidthLimit::GiveUp& give_up)
    : limits_(std::move(limits)) {
  for (std::size_t joined = 0; joined < limits_.size(); ++joined) {
    try {
      limits_[joined]->join(give_up);
    } catch (...) {
      leave(joined);
      throw;
    }
  }
}

BandwidthShare::~BandwidthShare() { leave(limits_.size()); }

void BandwidthShare::leave(std::size_t joined) noexcept {
  for (std::size_t number = 0; number < joined; ++number) limits_[number]->leave();
}

BandwidthShare::Clock::time_point BandwidthShare::ready_at(std::size_t waiting, Clock::time_point now) {
  if (reserved_ != 0 || waiting == 0) return ready_at_;
  reserved_ = waiting;
  for (const auto& limit : limits_) reserved_ = std::min(reserved_, limit->bytes_of_turn());
  for (const auto& limit : limits_) ready_at_ = std::max(ready_at_, limit->reserve(reserved_, now));
  return ready_at_;
}

}  // namespace ssync
