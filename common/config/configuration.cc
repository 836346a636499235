#include "common/config/configuration.h"

#include <utility>

namespace ssync {

Configuration load_configuration(const std::string& path) {
  Settings settings = load_settings(path);
  SwiftConf swift = load_swift_conf(settings.swift_dir);
  return {std::move(settings), std::move(swift)};
}

}  // namespace ssync
