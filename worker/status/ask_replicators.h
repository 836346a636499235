// Asks each process of ssync-replicator on this node what it does.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "worker/replicator_report/replicator_report.h"

namespace ssync {

struct ReplicatorAnswer {
  std::string socket = {};                      // its name in the directory
  std::optional<ReplicatorReport> report = {};  // nullopt: it does not answer, or with something else
};

// Asks all of ssync-replicator.N.status in the directory at once, and waits no longer than this for the last
// one. Those of processes that are gone are left out. Empty if there is no such directory. Throws OsError if
// it cannot be looked at. Its disk is waited for.
std::vector<ReplicatorAnswer> ask_replicators(
    const std::string& directory, std::chrono::milliseconds patience = std::chrono::milliseconds(400));

}  // namespace ssync
