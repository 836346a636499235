#include "worker/replicator/transfer_gate.h"

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
    self->changed.wait_for(lock, kBetweenLooks);
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
  if (!turn.device_.empty()) busy_.erase(turn.device_);
  if (turn.has_place_) ++free_;
  let_go();
}

// Lets those go who can, in their order.
void TransferGate::let_go() {
  for (Waiting& one : waiting_) {
    if (one.may_go || (one.needs_place && free_ == 0) || busy_.contains(one.device)) continue;
    if (!one.device.empty()) busy_.insert(one.device);
    if (one.needs_place) --free_;
    one.may_go = true;
    one.changed.notify_one();
  }
}

}  // namespace ssync
