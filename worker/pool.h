// The prefork pool: a master that owns the socket and replaces workers that die.
#pragma once

#include <functional>
#include <string>

#include "common/configuration.h"
#include "worker/replication_slots.h"

namespace ssync {

// What a worker sees of its pool.
class WorkerControl {
 public:
  // True once this worker is to take no new request (SIGQUIT, or SIGHUP to the master).
  [[nodiscard]] virtual bool draining() const = 0;
  // True once this worker is to end its session now, as an early end (SIGTERM, or the master died).
  [[nodiscard]] virtual bool stopping() const = 0;
  // Waits until listening_fd is readable or draining() or stopping() is true. No signal is lost
  // between the test and the wait (ppoll).
  virtual void wait_for_request(int listening_fd) = 0;
  virtual ~WorkerControl() = default;
};

// Serves requests on listening_fd (non-blocking) until control.draining() or stopping(); its
// return value is the process's exit status.
using WorkerMain =
    std::function<int(const Configuration&, int listening_fd, ReplicationSlots&, WorkerControl&)>;

// Runs the pool until it is told to stop, and returns the exit status. Opens the socket, or takes
// it inherited: descriptor 0 if that is a listening socket (spawn-fcgi), LISTEN_FDS (systemd).
// Drops privileges to `user` where set and root; sets up logging in each process; tells systemd READY.
//
// Signals to the master: SIGHUP = read the configuration again (an invalid one is logged and the
// old one kept), start new workers, let the old finish their sessions; SIGTERM, SIGINT = stop now;
// SIGQUIT = drain, then stop; SIGUSR1 = reopen the log file. A worker that dies is replaced at
// once, with a growing delay (up to 30 s) when it lived less than a second. Workers end when the
// master dies. In a worker all of these are blocked but SIGTERM and SIGINT (which only set flags, without
// SA_RESTART, so that a blocked read or poll returns EINTR) while a request is served.
//
// Throws ConfigError for the operator's mistakes at start (socket path taken, unknown user, …).
int run_pool(const std::string& config_path, Configuration configuration, const WorkerMain& worker_main);

}  // namespace ssync
