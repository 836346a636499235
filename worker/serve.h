// A worker's life: one FastCGI request after another.
#pragma once

#include "common/settings.h"
#include "worker/pool.h"
#include "worker/replication_slots.h"

namespace ssync {

// Serves requests until control says to drain or to stop; returns the process's exit status. Reads
// swift.conf first, so that a reload takes its changes too. Throws ConfigError for it.
int serve_requests(const Settings& settings, int listening_fd, ReplicationSlots& slots,
                   WorkerControl& control);

}  // namespace ssync
