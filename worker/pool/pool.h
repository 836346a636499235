// The prefork pool: a master that owns the socket and replaces workers that die.
#pragma once

#include <string>

#include "common/config/configuration.h"
#include "worker/pool/worker_control.h"

namespace ssync {

// Runs the pool until it is told to stop, and returns the exit status. Opens the socket, or uses an inherited
// one: descriptor 0 if it is a listening socket (spawn-fcgi), or LISTEN_FDS (systemd). If started as root,
// drops privileges to `user` if set. Sets up logging in each process; notifies systemd when it is ready,
// reloads and stops, and in between that it lives (WATCHDOG_USEC).
//
// Signals to the master: SIGHUP = reload the configuration (an invalid one is logged and the old one kept),
// start new workers, let the old ones finish their sessions; SIGUSR2 = the same with the program as it is
// installed now, which takes this one's place in the master's process (refused if its --check fails);
// SIGTERM, SIGINT = stop now; SIGQUIT = drain, then stop; SIGUSR1 = reopen the log file. A worker that dies
// is replaced at once if it had started to serve (up to 20 a second), otherwise with a growing delay (up to
// 30 s); what it was serving is logged. Workers end when the master dies. While a worker serves a request, it
// blocks all of these signals except SIGTERM and SIGINT, which only set flags (without SA_RESTART, so that a
// blocked read or poll returns EINTR).
//
// Throws ConfigError for an operator's mistake at start (socket path in use, unknown user, …).
//
// status_main, if there is one, is that of one more process, which listens on status_socket and serves no
// replication: it is replaced a second after it dies, and at a reload.
int run_pool(const std::string& config_path, Configuration configuration, const WorkerMain& worker_main,
             const WorkerMain& status_main = {});

}  // namespace ssync
