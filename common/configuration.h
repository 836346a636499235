// All that a pool is configured by.
#pragma once

#include <string>

#include "common/settings.h"
#include "common/swift_conf.h"

namespace ssync {

struct Configuration {
  Settings settings;
  SwiftConf swift;
};

// Reads worker.conf at path and the swift.conf in its swift_dir. Throws ConfigError for a mistake in either.
Configuration load_configuration(const std::string& path);

}  // namespace ssync
