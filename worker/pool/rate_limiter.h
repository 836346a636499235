// Whether one more request is within a rate.
#pragma once

namespace ssync {

// Swift's AbstractRateLimiter with burst_after_idle, in its arithmetic, so that it refuses the same requests.
// Plain numbers, which processes may share.
class RateLimiter {
 public:
  // now: seconds of any clock that does not go back. rate: requests a second, 0 for no limit. buffer: seconds
  // for which what was not used may be used later, all at once.
  [[nodiscard]] bool allows(double rate, double buffer, double now) noexcept {
    if (rate <= 0) return true;
    const double time = now * kMilliseconds;
    if (time - next_ > buffer * kMilliseconds) next_ = time - buffer * kMilliseconds;
    if (!(time >= next_)) return false;
    next_ += kMilliseconds / rate;
    return true;
  }

  // Milliseconds of that clock: when the next request is due. Earlier than the buffer, it is as new.
  [[nodiscard]] double next() const noexcept { return next_; }

  static constexpr double kMilliseconds = 1000;

 private:
  double next_ = 0;
};

}  // namespace ssync
