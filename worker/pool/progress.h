// How far a worker's request is, on the board.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ssync {

// What a worker is doing. Its own thread sets it; the master reads it, also after the worker's death.
enum class Phase : std::uint8_t {
  starting,
  idle,
  reading_head,
  checking,
  reading_object,
  hashing,
  waiting,
  locking,
  missing_check,
  updates,
  ending,
};
inline constexpr std::size_t kPhases = static_cast<std::size_t>(Phase::ending) + 1;

// "updates", for messages.
std::string_view phase_text(Phase phase);

// Written by one process, so that nothing has to be locked for it, and read by any.
class SharedCount {
 public:
  operator std::int64_t() const noexcept { return value_.load(std::memory_order_relaxed); }
  SharedCount& operator=(std::int64_t value) noexcept {
    value_.store(value, std::memory_order_relaxed);
    return *this;
  }
  SharedCount& operator+=(std::int64_t by) noexcept { return *this = *this + by; }

 private:
  std::atomic<std::int64_t> value_ = 0;
  static_assert(std::atomic<std::int64_t>::is_always_lock_free, "shared by processes");
};

// Times are nanoseconds of CLOCK_MONOTONIC.
struct Progress {
  std::atomic<Phase> phase = Phase::starting;
  SharedCount since;        // of the request
  SharedCount phase_since;  // of the phase
  SharedCount lines;        // read from the sender
  SharedCount bytes_in;
  SharedCount bytes_before_updates;  // of bytes_in
  SharedCount bytes_out;
  // Of a session: objects in the sender's list, known at its end; of these how many are wanted; subrequests
  // that succeeded and failed.
  SharedCount offered;
  SharedCount wanted;
  SharedCount stored;
  SharedCount failed;
  std::array<SharedCount, kPhases> spent;  // in each phase, without the present one
  static_assert(std::atomic<Phase>::is_always_lock_free, "shared by processes");
};

}  // namespace ssync
