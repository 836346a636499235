// What ssync-replicator does, for Prometheus.
#pragma once

#include <string>

#include "worker/status/replicator_state.h"

namespace ssync {

// Appends ssync_replicator_… (deploy/status.md); nothing if there is no replicator. Of processes that do not
// answer the values are those that they told last.
void append_replicator_metrics(std::string& text, const ReplicatorState& replicator);

}  // namespace ssync
