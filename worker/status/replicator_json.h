// What ssync-replicator does, as part of the status.
#pragma once

#include <nlohmann/json.hpp>

#include "worker/status/replicator_state.h"

namespace ssync {

// `replicator` of /ssync/status.json (deploy/status.md): null if there is none. now: seconds since the epoch.
nlohmann::json replicator_json(const ReplicatorState& replicator, double now);

}  // namespace ssync
