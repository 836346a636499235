// Reads Swift's object-server.conf.
#pragma once

#include <string>
#include <vector>

#include "common/config/ini_file.h"

namespace ssync {

// Describes an option without effect: "[section] option = value (file)".
std::string without_effect_text(const IniOption& option);

// The configuration that PasteDeploy gives Swift's object server: an option of [DEFAULT] overrides a plain
// one of [app:object-server]; only `set name = value` there overrides [DEFAULT]. Adds overridden options to
// without_effect. Throws ConfigError.
IniSection read_object_server_conf(const std::string& path, std::vector<std::string>& without_effect);

}  // namespace ssync
