// The signs of life that systemd expects of the master.
#pragma once

#include <chrono>
#include <optional>

namespace ssync {

// Without WATCHDOG_USEC in the environment, or with the WATCHDOG_PID of another process, nothing is expected.
class Watchdog {
 public:
  using Clock = std::chrono::steady_clock;

  // Reads the environment, and leaves it as it is (sd_watchdog_enabled(3)).
  Watchdog();
  // When the next sign is due: twice in the time after which systemd gives up.
  [[nodiscard]] std::optional<Clock::time_point> next() const noexcept { return next_; }
  // Notifies systemd with WATCHDOG=1, if that is due.
  void give_sign();

 private:
  Clock::duration interval_{};
  std::optional<Clock::time_point> next_;
};

}  // namespace ssync
