// Reads the options of Swift's middleware backend_ratelimit.
#pragma once

#include <string>

#include "common/config/backend_ratelimit_settings.h"
#include "common/config/ini_file.h"

namespace ssync {

// The file of its own that the middleware has in a directory of Swift's.
std::string backend_ratelimit_conf_in(const std::string& swift_dir);

// What the middleware's filter gets (BackendRateLimitMiddleware.__init__), without its file. Throws
// ConfigError for a number that ends Swift's server.
BackendRatelimitSettings read_backend_ratelimit(const IniSection& filter);

// What a look at the file came to.
struct BackendRatelimitFile {
  enum class Outcome { loaded, unreadable, invalid };

  Outcome outcome = Outcome::loaded;
  RequestRates rates;  // if it was loaded: those of [backend_ratelimit] over the filter's
  std::string why;     // otherwise
};

// Reads the file, or a directory's files *.conf, as BackendRateLimitMiddleware._load_config_file. Where Swift
// fails for a line that is none, it is invalid.
BackendRatelimitFile read_backend_ratelimit_file(const std::string& path, const RequestRates& of_filter);

}  // namespace ssync
