// What Swift's middlewares answer before a request comes to its object server.
#pragma once

#include "common/config/configuration.h"
#include "worker/http/status.h"
#include "worker/request/head.h"

namespace ssync {

// Who answers a request.
enum class Middleware { none, healthcheck, recon };

// By the path alone, whatever the method, as in Swift: /healthcheck and /recon/…, if the middleware is in the
// pipeline.
Middleware middleware_for(const RequestHead& head, const MiddlewareSettings& settings);

// 200 "OK", or 503 "DISABLED BY FILE" if there is a file disable_path (HealthCheckMiddleware). Touches no
// device.
HttpAnswer answer_healthcheck(const HealthcheckSettings& settings);

// JSON, or 404 for what recon does not know (ReconMiddleware.GET). An empty 500, with a line in the log,
// where Swift's server fails. May wait for a device that hangs.
HttpAnswer answer_recon(const RequestHead& head, const Configuration& configuration);

}  // namespace ssync
