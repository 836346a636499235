// For which device's rates a request counts.
#pragma once

#include <optional>
#include <string>

#include "worker/request/head.h"

namespace ssync {

// The device of a path with a device and a partition that is a number; nullopt for any other path, which is
// not limited. Looks at nothing else: not whether the device is there, nor whether the path is UTF-8
// (BackendRateLimitMiddleware.__call__).
std::optional<std::string> limited_device(const RequestHead& head);

}  // namespace ssync
