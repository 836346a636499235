// Settings of the middlewares that stand before Swift's object server and answer requests of their own, or
// refuse them.
#pragma once

#include <string>

#include "common/config/backend_ratelimit_settings.h"

namespace ssync {

struct HealthcheckSettings {
  bool is_served = false;
  std::string disable_path;  // empty: none
};

struct ReconSettings {
  bool is_served = false;
  std::string cache_path = "/var/cache/swift";
  std::string devices = "/srv/node";
  std::string swift_dir = "/etc/swift";
};

struct MiddlewareSettings {
  BackendRatelimitSettings backend_ratelimit;
  HealthcheckSettings healthcheck;
  ReconSettings recon;
};

}  // namespace ssync
