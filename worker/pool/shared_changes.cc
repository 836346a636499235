#include "worker/pool/shared_changes.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <ctime>

namespace ssync {

void SharedChanges::announce() noexcept {
  ++count_;
  ::syscall(SYS_futex, &count_, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

void SharedChanges::wait(std::uint32_t seen, std::chrono::nanoseconds at_most) const noexcept {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(at_most);
  const timespec limit{.tv_sec = seconds.count(), .tv_nsec = (at_most - seconds).count()};
  ::syscall(SYS_futex, &count_, FUTEX_WAIT, seen, &limit, nullptr, 0);
}

}  // namespace ssync
