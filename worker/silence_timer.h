// Interrupts a read or write that the other side keeps waiting.
#pragma once

#include <chrono>
#include <ctime>

namespace ssync {

// A timer of the process that sends it SIGALRM, with a handler that does nothing but make a blocked
// system call return EINTR. libfcgi reads and writes without any limit of its own, and cannot go on
// after a read that failed. SO_RCVTIMEO would be simpler, but with it Linux also fails a read with EINTR when
// the process is stopped and continued, and a session must survive that.
//
// After its time the timer fires again and again, because a signal that comes just before the call does
// not interrupt it.
class SilenceTimer {
 public:
  using Clock = std::chrono::steady_clock;

  // limit: how long the other side may be silent. Throws OsError.
  explicit SilenceTimer(Clock::duration limit);
  ~SilenceTimer();
  SilenceTimer(const SilenceTimer&) = delete;
  SilenceTimer& operator=(const SilenceTimer&) = delete;

  // A call that blocks is interrupted soon after the deadline, and not before it. Costs a system call only
  // now and then: the timer is set a little late, and left alone as long as it is late enough.
  void interrupt_after(Clock::time_point deadline);
  // Nothing is interrupted any more.
  void stop() noexcept;

 private:
  [[nodiscard]] bool set(Clock::time_point first, Clock::duration interval) noexcept;

  timer_t timer_{};
  Clock::duration margin_;
  Clock::time_point fires_at_;
};

}  // namespace ssync
