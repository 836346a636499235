// A worker's main loop: one FastCGI request after another.
#pragma once

#include "common/config/configuration.h"
#include "worker/pool/board.h"
#include "worker/pool/pool.h"

namespace ssync {

// Serves requests until control is draining or stopping; returns the process's exit status.
int serve_requests(const Configuration& configuration, int listening_fd, BoardPlace& place,
                   WorkerControl& control);

}  // namespace ssync
