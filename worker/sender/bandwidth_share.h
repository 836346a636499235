// What one connection may send under limits that it shares.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include "worker/sender/bandwidth_limit.h"

namespace ssync {

// A connection's part in no, one or several limits, all of which hold. Of one thread.
class BandwidthShare {
 public:
  using Clock = BandwidthLimit::Clock;
  using Limits = std::vector<std::shared_ptr<BandwidthLimit>>;

  // Waits for a place under each limit, in their order, which has to be the same for all connections.
  BandwidthShare(Limits limits, const BandwidthLimit::GiveUp& give_up);
  ~BandwidthShare();
  BandwidthShare(const BandwidthShare&) = delete;
  BandwidthShare& operator=(const BandwidthShare&) = delete;

  [[nodiscard]] bool is_limited() const noexcept { return !limits_.empty(); }
  // When bytes of these may be sent. Reserves them, unless there are some left.
  Clock::time_point ready_at(std::size_t waiting, Clock::time_point now);
  // How many may be sent then; only after ready_at().
  [[nodiscard]] std::size_t most_at_once() const noexcept { return reserved_; }
  // So many of them have been sent.
  void account(std::size_t bytes) noexcept { reserved_ -= bytes; }

 private:
  void leave(std::size_t joined) noexcept;

  Limits limits_;
  std::size_t reserved_ = 0;
  Clock::time_point ready_at_;
};

}  // namespace ssync
