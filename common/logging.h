// The process's one log (spdlog): to standard error, a file or syslog, with Swift's level names.
#pragma once

#include <spdlog/spdlog.h>

#include <optional>
#include <string_view>

#include "common/settings.h"

namespace ssync {

// The threshold that one of Swift's log_level names means (any case), or nullopt. NOTICE, which
// lies between INFO and WARNING, is warn: nothing here logs at NOTICE itself.
std::optional<spdlog::level::level_enum> log_level_named(std::string_view name);

// syslog(3)'s facility for one of Swift's log_facility names (LOG_LOCAL0 ...), or nullopt.
std::optional<int> log_facility_named(std::string_view name);

// Sets spdlog's default logger up from log_target, log_name, log_facility, log_level and
// log_address. Throws ConfigError for an unknown level or facility or a file that cannot be
// opened. Called again after a reload; each process of the pool may call it.
// Lines to stderr and files read `Nov 23 19:05:01 swift[1234]: LEVEL message`. Control characters
// in a message (it may quote the wire) are written as #012, as syslog daemons do, so that one
// message is one line.
void setup_logging(const Settings& settings);

}  // namespace ssync
