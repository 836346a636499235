// Reads where Swift's daemons and servers send their metrics.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "common/config/ini_file.h"
#include "common/config/statsd_settings.h"

namespace ssync {

// A daemon's options, as who reads them keeps account of them.
struct StatsdOptions {
  // The option, which has an effect then; nullptr if it is not there.
  std::function<const IniOption*(std::string_view name)> take;
  // It is taken otherwise than it stands there.
  std::function<void(const IniOption& written, const std::string& how)> note;
};

// log_statsd_host and, only with one, the options with it (get_logger). Throws ConfigError for numbers that
// end Swift's programs.
StatsdSettings read_statsd_settings(const StatsdOptions& options);

}  // namespace ssync
