// Decides when to replace a worker that died.
#pragma once

#include <array>
#include <chrono>

namespace ssync {

// Starts that fail delay the next start, by a time that grows with each, apart for each cause. A worker that
// dies while it serves is replaced at once: what killed it came from outside, and the others' requests must
// not wait for it; only the rate is limited.
class Backoff {
 public:
  using Clock = std::chrono::steady_clock;

  enum class Cause { crash, config_error, fork };

  // When a worker may be started: a time that has passed if at once.
  [[nodiscard]] Clock::time_point next_start() const noexcept;

  void note_failed_start(Cause cause, Clock::time_point now = Clock::now());
  void note_death_while_serving(Clock::time_point now = Clock::now());

 private:
  struct Delay {
    std::chrono::milliseconds length{};
    Clock::time_point last;
    Clock::time_point end;
  };

  std::array<Delay, 3> delays_{};
  // When the deaths so far would have happened, had they come at the greatest rate.
  Clock::time_point deaths_paid_until_;
  Clock::time_point next_replacement_;
};

}  // namespace ssync
