// The main function of a worker process.
#pragma once

#include <sys/types.h>

#include "worker/pool/worker_control.h"

namespace ssync {

// A worker's exit status for an operator's mistake, which a restart cannot fix.
inline constexpr int kStatusConfigError = 2;

// Runs in a newly forked process, with the master's signals still blocked, and exits it. The process also
// ends when the master dies.
[[noreturn]] void run_worker(pid_t master, const Configuration& configuration, int listening_fd,
                             BoardPlace place, const WorkerMain& worker_main);

}  // namespace ssync
