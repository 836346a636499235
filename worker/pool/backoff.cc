#include "worker/pool/backoff.h"

#include <algorithm>

namespace ssync {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kMaxDelay{30000};
// Failures further apart than this are unrelated.
constexpr seconds kForgetFailuresAfter{60};
// Replacements of workers that died while serving: 20 a second, after 200 at once.
constexpr milliseconds kPerReplacement{50};
constexpr int kReplacementsAtOnce = 200;

milliseconds first_delay(Backoff::Cause cause) {
  return cause == Backoff::Cause::crash ? milliseconds(100) : milliseconds(1000);
}

}  // namespace

Backoff::Clock::time_point Backoff::next_start() const noexcept {
  Clock::time_point next = next_replacement_;
  for (const Delay& delay : delays_) next = std::max(next, delay.end);
  return next;
}

void Backoff::note_failed_start(Cause cause, Clock::time_point now) {
  Delay& delay = delays_[static_cast<std::size_t>(cause)];
  // Workers that fail at the same time count once.
  if (now < delay.end) return;
  if (now - delay.last > kForgetFailuresAfter) delay.length = {};
  delay.length = std::clamp(delay.length * 2, first_delay(cause), kMaxDelay);
  delay.last = now;
  delay.end = now + delay.length;
}

void Backoff::note_death_while_serving(Clock::time_point now) {
  deaths_paid_until_ = std::max(deaths_paid_until_, now) + kPerReplacement;
  next_replacement_ = deaths_paid_until_ - kReplacementsAtOnce * kPerReplacement;
}

}  // namespace ssync
