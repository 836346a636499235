// Decides when to replace a worker that died.
#pragma once

#include <chrono>

namespace ssync {

// Workers that die soon after their start delay the next start, by a growing time.
class Backoff {
 public:
  using Clock = std::chrono::steady_clock;

  enum class Cause { crash, config_error };

  [[nodiscard]] Clock::time_point next_start() const noexcept { return next_start_; }

  void note_death(Clock::duration lifetime, Cause cause);
  void note_failed_fork() { note_death({}, Cause::config_error); }

 private:
  std::chrono::milliseconds delay_{};
  Clock::time_point last_death_;
  Clock::time_point next_start_;
};

}  // namespace ssync
