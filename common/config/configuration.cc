#include "common/config/configuration.h"

#include <optional>
#include <utility>

namespace ssync {

Configuration load_configuration(const std::string& worker_conf) {
  return load_configuration(ConfigurationFiles{worker_conf, std::nullopt});
}

Configuration load_configuration(const ConfigurationFiles& files) {
  Settings settings = load_settings(files);
  SwiftConf swift = load_swift_conf(settings.swift_dir);
  return {std::move(settings), std::move(swift)};
}

}  // namespace ssync
