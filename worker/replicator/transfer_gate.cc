#include "worker/replicator/transfer_gate.h"

#include <algorithm>
#include <chrono>
#include <iterator>

namespace ssync {
namespace {

constexpr std::chrono::milliseconds kBetweenLooks{200};

}  // namespace

TransferGate::Turn TransferGate::wait_for_session(const std::string& device, const GiveUp& give_up) {
  return wait(device, true, give_up);
}

TransferGate::Turn TransferGate::wait_for_place(const GiveUp& give_up) { return wait("", true, give_up); }

TransferGate::Turn TransferGate::wait_for_device(const Turn& /*place*/, const std::string& device,
                                                 const GiveUp& give_up) {
  return wait(device, false, give_up);
}

TransferGate::Turn TransferGate::wait(const std::string& device, bool needs_place, const GiveUp& give_up) {
  std::unique_lock lock(mutex_);
  waiting_.emplace_back();
  const auto self = std::prev(waiting_.end());
  self->device = device;
  self->needs_place = needs_place;
  let_go();
  while (!self->may_go) {
    const Clock::time_point now = Clock::now();
    const Clock::time_point gap_ends = device.empty() ? now : devices_[device].free_from;
    const Clock::time_point look = now + kBetweenLooks;
    self->changed.wait_until(lock, gap_ends > now ? std::min(gap_ends, look) : look);
    // Nobody else sees that a gap has ended.
    if (!self->may_go) let_go();
    if (self->may_go) break;
    try {
      give_up();
    } catch (...) {
      waiting_.erase(self);
      throw;
    }
  }
  Turn turn(this, std::move(self->device), self->needs_place);
  waiting_.erase(self);
  return turn;
}

void TransferGate::end(const Turn& turn) {
  const std::lock_guard lock(mutex_);
  if (!turn.device_.empty()) {
    Device& device = devices_[turn.device_];
    device.is_busy = false;
    const Clock::time_point now = Clock::now();
    if (turn.needs_gaps_) device.taken += now - turn.begun_;
    if (device.taken >= gaps_.after) {
      device.taken = {};
      device.free_from = now + gaps_.length;
    }
  }
  if (turn.has_place_) ++free_;
  let_go();
}

// Lets those go who can, in their order.
void TransferGate::let_go() {
  const Clock::time_point now = Clock::now();
  for (Waiting& one : waiting_) {
    if (one.may_go || (one.needs_place && free_ == 0)) continue;
    if (!one.device.empty()) {
      Device& device = devices_[one.device];
      if (device.is_busy || device.free_from > now) continue;
      device.is_busy = true;
    }
    if (one.needs_place) --free_;
    one.may_go = true;
    one.changed.notify_one();
  }
}

}  // namespace ssync
