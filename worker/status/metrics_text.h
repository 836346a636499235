// The status of the pool for Prometheus.
#pragma once

#include <string>

#include "worker/status/pool_state.h"

namespace ssync {

inline constexpr const char* kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

// What /metrics answers, in the text format 0.0.4; deploy/status.md has the names.
std::string metrics_text(const PoolState& state, const std::string& version);

}  // namespace ssync
