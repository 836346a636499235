// The whole configuration of a pool.
#pragma once

#include <string>

#include "common/config/settings.h"
#include "common/config/swift_conf.h"

namespace ssync {

struct Configuration {
  Settings settings;
  SwiftConf swift;
};

// Reads worker.conf at path and the swift.conf in its swift_dir. Throws ConfigError if either is invalid.
Configuration load_configuration(const std::string& path);

}  // namespace ssync
