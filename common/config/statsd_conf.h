// Reads where Swift's daemons and servers send their metrics.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/ini_file.h"
#include "common/config/statsd_settings.h"

namespace ssync {

inline constexpr std::string_view kUserLabel = "statsd_user_label_";

// Swift's name of a mode, e.g. "dogstatsd".
std::string_view label_mode_name(LabelMode mode);

// A daemon's options, as who reads them keeps account of them.
struct StatsdOptions {
  // The option, which has an effect then; nullptr if it is not there.
  std::function<const IniOption*(std::string_view name)> take;
  // It is taken otherwise than it stands there.
  std::function<void(const IniOption& written, const std::string& how)> note;
  // Whether it stands in a file of our own, where a mistake is refused and not taken otherwise.
  std::function<bool(const IniOption& written)> is_ours = [](const IniOption&) { return false; };
  // Names of the options statsd_user_label_…, for a daemon whose metrics may have labels.
  std::optional<std::vector<std::string>> user_labels = std::nullopt;
};

// log_statsd_host and, only with one, the options with it (get_logger). Throws ConfigError for numbers that
// end Swift's programs, and in a file of our own for a mode, a label, a port or a truth that is none.
StatsdSettings read_statsd_settings(const StatsdOptions& options);

}  // namespace ssync
