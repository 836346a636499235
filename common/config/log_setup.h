// Sets up the process's log: standard error, a file or syslog, with Swift's level names.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/config/log_settings.h"
#include "common/os/log.h"

namespace ssync {

// Where journald takes messages with fields.
inline constexpr const char* kJournalSocket = "/run/systemd/journal/socket";

// The threshold for one of Swift's log_level names (in any case), or nullopt. NOTICE, between INFO and
// WARNING, maps to warning: nothing here logs at NOTICE.
std::optional<log::Level> log_level_named(std::string_view name);

// syslog(3)'s facility for one of Swift's log_facility names (LOG_LOCAL0 ...), or nullopt.
std::optional<int> log_facility_named(std::string_view name);

// The format of a log_format, "text" or "json", or nullopt.
std::optional<LineFormat> log_format_named(std::string_view name);

// Sets up what os/log.h writes to. Throws ConfigError for an unknown level, facility or format or a file that
// cannot be opened. May be called again after a reload, and in each process of the pool. Lines to stderr and
// files read `Nov 23 19:05:01 swift[1234]: LEVEL message`; control characters in a message (it may quote data
// from the wire) are escaped like #012, as syslog daemons do, so that one message is one line. With
// `log_format = json` a line is one JSON object, with the fields of the context (os/log_context.h). If stderr
// is systemd's journal, which has the rest already, messages go there with these fields
// (config/journal_sink.h).
void setup_logging(const LogSettings& settings, const std::string& journal_socket = kJournalSocket);

}  // namespace ssync
