// How a line of the log looks, in each of its forms.
#pragma once

#include <spdlog/formatter.h>

#include <memory>
#include <string>
#include <string_view>

#include "common/config/log_settings.h"
#include "common/os/log.h"

namespace ssync {

// What stands before a line's text. as_syslog: time, name, process id and level. priority: syslog's number of
// the level, as the journal reads it at the start of a line (sd-daemon(3)); it has the rest already. none:
// nothing, nor a newline after it: syslog(3) is given the priority beside the line, and adds the rest.
enum class LinePrefix { none, as_syslog, priority };

// syslog(3)'s number of a level.
int syslog_priority(log::Level level);

// The level of a record of spdlog's.
log::Level level_of(spdlog::level::level_enum level);

// Control characters, which may come from the wire, escaped as syslog daemons do: #012.
std::string escaped_text(std::string_view message);

// One JSON object, all ASCII: time (UTC), level, name, pid, message, and the fields of this thread's context.
// Bytes that are not UTF-8 are U+FFFD.
std::string json_text(const spdlog::details::log_msg& message, const std::string& name);

// A line's text after its prefix.
std::string line_text(const spdlog::details::log_msg& message, const std::string& name, LineFormat format);

// Lines for a stream or for syslog. The prefix as_syslog is left out of JSON, which says the same.
std::unique_ptr<spdlog::formatter> line_formatter(std::string name, LinePrefix prefix, LineFormat format);

}  // namespace ssync
