#include "worker/fastcgi/silence_timer.h"

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "common/os/errors.h"

namespace ssync {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr std::chrono::milliseconds kShortestMargin{1};

timespec to_timespec(nanoseconds time) {
  timespec result{};
  result.tv_sec = std::chrono::duration_cast<seconds>(time).count();
  result.tv_nsec = (time % seconds(1)).count();
  return result;
}

}  // namespace

SilenceTimer::SilenceTimer(Clock::duration limit)
    : margin_(std::max<Clock::duration>(limit / 32, kShortestMargin)) {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  if (::sigaction(SIGALRM, &action, nullptr) != 0) throw_os_error("SIGALRM");
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGALRM;
  if (::timer_create(CLOCK_MONOTONIC, &event, &timer_) != 0) throw_os_error("timer");
}

SilenceTimer::~SilenceTimer() { ::timer_delete(timer_); }

void SilenceTimer::interrupt_after(Clock::time_point deadline) {
  if (fires_at_ >= deadline) return;
  fires_at_ = deadline + margin_;
  if (!set(fires_at_, margin_)) throw_os_error("timer");
}

void SilenceTimer::stop() noexcept {
  if (fires_at_ == Clock::time_point()) return;
  fires_at_ = {};
  // Cannot fail: the timer exists and the time is valid. A running timer would only wake the worker.
  static_cast<void>(set({}, {}));
}

bool SilenceTimer::set(Clock::time_point first, Clock::duration interval) noexcept {
  itimerspec times{};
  // steady_clock is CLOCK_MONOTONIC, the clock of the timer.
  times.it_value = to_timespec(first.time_since_epoch());
  times.it_interval = to_timespec(interval);
  return ::timer_settime(timer_, TIMER_ABSTIME, &times, nullptr) == 0;
}

}  // namespace ssync
