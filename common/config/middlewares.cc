#include "common/config/middlewares.h"

#include "common/config/backend_ratelimit_conf.h"
#include "common/config/swift_egg.h"

namespace ssync {
namespace {

void read_text(const IniSection& config, const std::string& name, std::string& field) {
  if (const auto option = config.find(name); option != config.end()) field = option->second.value;
}

bool is_named(const PasteFilter& filter, std::string_view name) {
  return filter.factory && is_swifts_filter(filter.factory->name, filter.factory->value, name);
}

}  // namespace

MiddlewareSettings read_middlewares(const std::vector<PasteFilter>& filters) {
  MiddlewareSettings settings;
  for (const PasteFilter& filter : filters) {
    // Of two the outer one answers.
    if (is_named(filter, "healthcheck") && !settings.healthcheck.is_served) {
      settings.healthcheck.is_served = true;
      read_text(filter.config, "disable_path", settings.healthcheck.disable_path);
    } else if (is_named(filter, "recon") && !settings.recon.is_served) {
      settings.recon.is_served = true;
      read_text(filter.config, "recon_cache_path", settings.recon.cache_path);
      read_text(filter.config, "devices", settings.recon.devices);
      read_text(filter.config, "swift_dir", settings.recon.swift_dir);
    } else if (is_named(filter, "backend_ratelimit") && !settings.backend_ratelimit.is_served) {
      settings.backend_ratelimit = read_backend_ratelimit(filter.config);
    }
  }
  return settings;
}

bool is_middleware(const PasteFilter& filter) {
  return is_named(filter, "healthcheck") || is_named(filter, "recon") ||
         is_named(filter, "backend_ratelimit");
}

}  // namespace ssync
