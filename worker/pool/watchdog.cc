#include "worker/pool/watchdog.h"

#include <systemd/sd-daemon.h>

#include <cstdint>

namespace ssync {

Watchdog::Watchdog() {
  std::uint64_t microseconds = 0;
  if (sd_watchdog_enabled(0, &microseconds) <= 0) return;
  interval_ = std::chrono::microseconds(microseconds / 2);
  next_ = Clock::now();
}

void Watchdog::give_sign() {
  if (!next_ || Clock::now() < *next_) return;
  sd_notify(0, "WATCHDOG=1");
  next_ = Clock::now() + interval_;
}

}  // namespace ssync
