// Which of Swift's middlewares an object server's pipeline has, and how they are configured.
#pragma once

#include <vector>

#include "common/config/middleware_settings.h"
#include "common/config/paste_deploy.h"

namespace ssync {

// The middlewares among the filters of the pipeline `main`. One that is not there is not served. Options are
// those that a filter_factory gets: [DEFAULT] and the filter's own section, and not those of
// [app:object-server]. Throws ConfigError for a rate that is none.
MiddlewareSettings read_middlewares(const std::vector<PasteFilter>& filters);
// Whether it is one of them.
bool is_middleware(const PasteFilter& filter);

}  // namespace ssync
