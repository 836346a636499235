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

// Reads the files and the swift.conf in their swift_dir. Throws ConfigError if any is invalid.
Configuration load_configuration(const ConfigurationFiles& files);
// The same for a worker.conf.
Configuration load_configuration(const std::string& worker_conf);

}  // namespace ssync
