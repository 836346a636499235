// Sending no faster than the operator wants.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace ssync {

class BandwidthLimit {
 public:
  using Clock = std::chrono::steady_clock;

  // 0: none.
  explicit BandwidthLimit(std::int64_t bytes_per_second) : bytes_per_second_(bytes_per_second) {}

  [[nodiscard]] bool is_set() const noexcept { return bytes_per_second_ != 0; }
  // How many bytes may go out at a time: a tenth of a second's.
  [[nodiscard]] std::size_t most_at_once() const noexcept {
    return static_cast<std::size_t>(std::max<std::int64_t>(bytes_per_second_ / 10, 1));
  }
  // When the next bytes may go out.
  [[nodiscard]] Clock::time_point ready_at() const noexcept { return ready_at_; }
  // Time in which nothing was sent is not made up for.
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
