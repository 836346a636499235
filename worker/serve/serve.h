// A worker's main loop: one FastCGI request after another.
#pragma once

#include "common/config/configuration.h"
#include "worker/pool/pool.h"
#include "worker/pool/replication_slots.h"

namespace ssync {

// Serves requests until control is draining or stopping; returns the process's exit status.
int serve_requests(const Configuration& configuration, int listening_fd, ReplicationSlots& slots,
                   WorkerControl& control);

}  // namespace ssync
