#include "worker/pool/backoff.h"

#include <algorithm>

namespace ssync {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A worker that lived less counts as failed, and delays the next one.
constexpr seconds kShortLife{1};
constexpr milliseconds kFirstDelay{100};
constexpr milliseconds kFirstDelayAfterConfigError{1000};
constexpr milliseconds kMaxDelay{30000};
// Deaths further apart than this are unrelated.
constexpr seconds kForgetDeathsAfter{60};

}  // namespace

void Backoff::note_death(Clock::duration lifetime, Cause cause) {
  const Clock::time_point now = Clock::now();
  // Workers that die at the same time count once.
  if (lifetime >= kShortLife || now < next_start_) return;
  if (now - last_death_ > kForgetDeathsAfter) delay_ = {};
  const milliseconds first = cause == Cause::config_error ? kFirstDelayAfterConfigError : kFirstDelay;
  delay_ = std::clamp(delay_ * 2, first, kMaxDelay);
  last_death_ = now;
  next_start_ = now + delay_;
}

}  // namespace ssync
