// Which of Swift's middlewares an object server's pipeline has, and how they are configured.
#pragma once

#include <string>

#include "common/config/middleware_settings.h"

namespace ssync {

// The middlewares of the pipeline `main` in Swift's object-server.conf at path. One that is not in the
// pipeline is not served; a file without a pipeline has none. Options are those that a filter_factory gets:
// [DEFAULT] and the filter's own section, and not those of [app:object-server]. Throws ConfigError for what
// PasteDeploy refuses.
MiddlewareSettings read_middlewares(const std::string& path);

}  // namespace ssync
