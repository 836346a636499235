#include "worker/replicator/transfer_gate.h"

#include <chrono>

namespace ssync {
namespace {

constexpr std::chrono::milliseconds kBetweenLooks{200};

}  // namespace

TransferGate::Turn TransferGate::wait_for_session(const std::string& device, const GiveUp& give_up) {
  return wait({.device = device, .needs_place = true}, give_up);
}

TransferGate::Turn TransferGate::wait_for_place(const GiveUp& give_up) {
  return wait({.device = "", .needs_place = true}, give_up);
}

TransferGate::Turn TransferGate::wait_for_device(const Turn& /*place*/, const std::string& device,
                                                 const GiveUp& give_up) {
  return wait({.device = device, .needs_place = false}, give_up);
}

TransferGate::Turn TransferGate::wait(Waiting waiting, const GiveUp& give_up) {
  std::unique_lock lock(mutex_);
  const auto self = waiting_.insert(waiting_.end(), std::move(waiting));
  let_go();
  while (!self->may_go) {
    changed_.wait_for(lock, kBetweenLooks);
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
  }
  changed_.notify_all();
}

}  // namespace ssync
