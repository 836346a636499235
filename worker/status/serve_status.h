// The process of the pool that tells what the pool does.
#pragma once

#include <string>

#include "worker/pool/worker_control.h"

namespace ssync {

// Answers /ssync/, /ssync/status.json, /ssync/history.json and /metrics from memory that the workers share,
// and with what the node's ssync-replicator tells (ReplicatorWatch). It waits for no disk, so that it answers
// also when all workers hang. version: of the program.
WorkerMain status_main(const std::string& version);

}  // namespace ssync
