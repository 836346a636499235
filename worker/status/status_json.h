// The status of the pool as JSON.
#pragma once

#include <string>

#include "worker/status/history.h"
#include "worker/status/pool_state.h"

namespace ssync {

// What /ssync/status.json answers; deploy/status.md has its fields. Text that is not UTF-8 has U+FFFD in the
// place of what is wrong.
std::string status_json(const PoolState& state, const History& history, const std::string& version);

// What /ssync/history.json answers: for each device the rates in the steps of the last 15 minutes.
std::string history_json(const History& history);

}  // namespace ssync
