// Several processes that share a node's devices (replicator_workers).
#pragma once

#include "worker/replicator/replicator_daemon.h"

namespace ssync {

// Runs one process for each group of devices, at most settings.replicator_workers
// (swift.common.daemon.DaemonStrategy with ObjectReplicator.get_worker_args and is_healthy): one that ends is
// started again, unless it was to run once; when rings change the set of local devices, all are ended and
// started anew. The parent adds up the devices' statistics. Returns the exit status: after the last process
// when running once, 1 if any of them has failed or was killed, where Swift's says nothing; or after SIGTERM
// or SIGINT, when all of them have ended. Throws OsError.
int run_worker_processes(DaemonTask task, RunMode mode);

}  // namespace ssync
