#include "worker/replicator/transfer_gate.h"

#include <chrono>

namespace ssync {
namespace {

constexpr std::chrono::milliseconds kBetweenLooks{200};

}  // namespace

TransferGate::Turn TransferGate::wait_for_turn(const std::string& device,
                                               const std::function<void()>& give_up) {
  std::unique_lock lock(mutex_);
  const auto self = waiting_.insert(waiting_.end(), Waiting{.device = device});
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
  waiting_.erase(self);
  return {*this, device};
}

void TransferGate::end(const std::string& device) {
  const std::lock_guard lock(mutex_);
  busy_.erase(device);
  ++free_;
  let_go();
}

// Lets those go who can, in their order.
void TransferGate::let_go() {
  for (Waiting& one : waiting_) {
    if (free_ == 0) break;
    if (one.may_go || !busy_.insert(one.device).second) continue;
    one.may_go = true;
    --free_;
  }
  changed_.notify_all();
}

}  // namespace ssync
