// Limits the sending rate.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace ssync {

class BandwidthLimit {
 public:
  using Clock = std::chrono::steady_clock;

  // 0: no limit.
  explicit BandwidthLimit(std::int64_t bytes_per_second) : bytes_per_second_(bytes_per_second) {}

  [[nodiscard]] bool is_set() const noexcept { return bytes_per_second_ != 0; }
  // The number of bytes to send at a time: those of a tenth of a second.
  [[nodiscard]] std::size_t most_at_once() const noexcept {
    return static_cast<std::size_t>(std::max<std::int64_t>(bytes_per_second_ / 10, 1));
  }
  // When the next bytes may be sent.
  [[nodiscard]] Clock::time_point ready_at() const noexcept { return ready_at_; }
  // Accounts for sent bytes. Idle time does not allow a higher rate later.
  void account(std::size_t bytes, Clock::time_point now) noexcept {
    const std::chrono::duration<double> cost(static_cast<double>(bytes) /
                                             static_cast<double>(bytes_per_second_));
    ready_at_ = std::max(ready_at_, now) + std::chrono::duration_cast<Clock::duration>(cost);
  }

 private:
  std::int64_t bytes_per_second_;
  Clock::time_point ready_at_;
};

}  // namespace ssync
