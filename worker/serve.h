// A worker's life: one FastCGI request after another.
#pragma once

#include "common/configuration.h"
#include "worker/pool.h"
#include "worker/replication_slots.h"

namespace ssync {

// Serves requests until control says to drain or to stop; returns the process's exit status.
int serve_requests(const Configuration& configuration, int listening_fd, ReplicationSlots& slots,
                   WorkerControl& control);

}  // namespace ssync
