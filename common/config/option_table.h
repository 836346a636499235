// The table of all options: name, setting, bounds, remedy, and whether a reload applies a change.
#pragma once

#include <span>
#include <string_view>

#include "common/config/option.h"

namespace ssync {

// Maximum number of workers in a pool.
inline constexpr int kMaxWorkers = 16384;

// Options of [worker] except `workers`, whose default depends on replication_concurrency.
std::span<const Option> worker_options();

// Swift's options that have an effect here, except replication_one_per_device, which has one only if
// replication_concurrency_per_device is not set.
std::span<const Option> object_server_options();

// The option with this name, or nullptr.
const Option* find_option(std::span<const Option> options, std::string_view name);

// True for the options of Swift's [DEFAULT] and [app:object-server] that have no effect here, or only with
// others, as those of statsd with a host
// (etc/object-server.conf-sample, and what server.py, diskfile.py, wsgi.py, logs.py and statsd_client.py
// read).
bool is_swift_option_without_effect(std::string_view name);

}  // namespace ssync
