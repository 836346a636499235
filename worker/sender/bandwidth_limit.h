// Limits the rate at which connections send, one of them or all that share the limit.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>

namespace ssync {

// Bytes are given out in turns, in the order in which they are asked for, so that all who share the limit get
// the same. A turn is a tenth of a second's bytes for all together: whoever shares it sends something several
// times a second, and nobody's time-out comes near. What is not used within 0.15 seconds is lost; so at no
// time more than a quarter of a second's bytes go at once. Thread-safe.
class BandwidthLimit {
 public:
  using Clock = std::chrono::steady_clock;
  // Called now and then while a place is waited for; may throw.
  using GiveUp = std::function<void()>;

  // What each of several connections has at least: more of them wait for a place before they connect. A
  // receiver reads up to 64 KiB in one piece, and waits for that no longer than 60 seconds by default.
  static constexpr std::int64_t kLeastEach = 8192;

  explicit BandwidthLimit(std::int64_t bytes_per_second, Clock::time_point now = Clock::now());

  // Takes a place among those who share it, and gives it back.
  void join(const GiveUp& give_up);
  void leave() noexcept;

  // A turn of one of those who share it now.
  [[nodiscard]] std::size_t bytes_of_turn() const;
  // When these bytes may be sent. From now on they count as sent.
  Clock::time_point reserve(std::size_t bytes, Clock::time_point now);

 private:
  const std::int64_t bytes_per_second_;
  const std::size_t places_;
  mutable std::mutex mutex_;  // guards all below
  std::condition_variable left_;
  std::size_t sharing_ = 0;
  Clock::time_point ready_at_;  // for the bytes that are reserved next
};

}  // namespace ssync
