// Interrupts a read or write when the peer is silent for too long.
#pragma once

#include <chrono>
#include <ctime>

namespace ssync {

// A timer that sends the process SIGALRM; the handler does nothing, but a blocked system call returns EINTR.
// libfcgi has no timeouts, and cannot continue after a failed read. SO_RCVTIMEO would be simpler, but with it
// Linux also fails a read with EINTR when the process is stopped and continued, and a session must survive
// that.
//
// Once expired, the timer fires repeatedly, because a signal that arrives just before the call does not
// interrupt it.
class SilenceTimer {
 public:
  using Clock = std::chrono::steady_clock;

  // limit: how long the peer may be silent. Throws OsError.
  explicit SilenceTimer(Clock::duration limit);
  ~SilenceTimer();
  SilenceTimer(const SilenceTimer&) = delete;
  SilenceTimer& operator=(const SilenceTimer&) = delete;

  // Interrupts a blocked call soon after the deadline, and not before it. It rarely costs a system call: the
  // timer is set a little late, and kept as long as it is late enough.
  void interrupt_after(Clock::time_point deadline);
  // Stops the timer.
  void stop() noexcept;

 private:
  [[nodiscard]] bool set(Clock::time_point first, Clock::duration interval) noexcept;

  timer_t timer_{};
  Clock::duration margin_;
  Clock::time_point fires_at_;
};

}  // namespace ssync
