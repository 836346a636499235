// Reads Swift's object-server.conf.
#pragma once

#include <string>
#include <vector>

#include "common/config/ini_file.h"
#include "common/config/middleware_settings.h"

namespace ssync {

struct ObjectServerConf {
  // A log_name that is not in the file has no section.
  IniSection options;
  // Names of the filters of the pipeline that are not among `middleware`, in their order.
  std::vector<std::string> filters;
  // None without a pipeline `main`.
  MiddlewareSettings middleware;
};

// What Swift's object server runs with, given its configuration's path, a file or a directory: the options
// that its application gets, and those that swift.common.wsgi.run_wsgi reads of [app:object-server] itself.
// What has no effect gets a line in `notes`. Throws ConfigError, also if the application is not Swift's
// object server.
ObjectServerConf read_object_server_conf(const std::string& path, std::vector<std::string>& notes);

}  // namespace ssync
