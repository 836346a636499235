#include "worker/replicator/process_priority.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/os/log.h"

namespace ssync {
namespace {

// glibc has no ioprio_set(2).
constexpr int kWhoProcess = 1;
constexpr int kClassShift = 13;

int number_of(IoClass io_class) {
  switch (io_class) {
    case IoClass::real_time:
      return 1;
    case IoClass::best_effort:
      return 2;
    case IoClass::idle:
      return 3;
    case IoClass::unchanged:
      break;
  }
  return 0;
}

}  // namespace

void set_process_priority(const ReplicatorSettings& settings) {
  if (settings.nice_priority && ::setpriority(PRIO_PROCESS, 0, *settings.nice_priority) != 0) {
    log::warning("Unable to modify scheduling priority of process (nice_priority = {}): {}",
                 *settings.nice_priority, std::strerror(errno));
  }
  if (settings.ionice_class == IoClass::unchanged) return;
  const int value = (number_of(settings.ionice_class) << kClassShift) | settings.ionice_priority;
  if (::syscall(SYS_ioprio_set, kWhoProcess, 0, value) != 0) {
    log::warning("Unable to modify I/O scheduling class and priority of process: {}", std::strerror(errno));
  }
}

}  // namespace ssync
