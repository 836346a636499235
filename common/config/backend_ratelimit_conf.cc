#include "common/config/backend_ratelimit_conf.h"

#include <unistd.h>

#include <algorithm>
#include <vector>

#include "common/config/errors.h"
#include "common/os/directory.h"
#include "common/python/errors.h"
#include "common/python/number.h"
#include "common/python/text.h"

namespace ssync {
namespace {

constexpr const char* kSection = "backend_ratelimit";
constexpr const char* kFile = "backend-ratelimit.conf";
constexpr std::string_view kRate = "requests_per_device_per_second";
// Newer releases' readconf(), which are those that have the middleware.
constexpr IniRules kRules{IniDuplicates::refuse, IniNames::as_written, IniWhiteSpace::unicode};

// non_negative_float(). Leaves the number if there is no such option.
void read_number(const IniSection& options, const std::string& name, double& number) {
  const auto found = options.find(name);
  if (found == options.end()) return;
  try {
    number = python::parse_float(python::ascii_number(found->second.value));
    if (!(number < 0)) return;
  } catch (const ValueError&) {
    // Reported below, as a negative number is.
  }
  throw bad_option(found->second, "not a non-negative number; give e.g. 10, 0 for no limit");
}

void read_rates(const IniSection& options, RequestRates& rates) {
  read_number(options, "requests_per_device_rate_buffer", rates.buffer);
  read_number(options, std::string(kRate), rates.all_methods);
  for (std::size_t method = 0; method < kRateLimitedMethods.size(); ++method) {
    const std::string name = python::lower_ascii(kRateLimitedMethods[method]) + "_" + std::string(kRate);
    read_number(options, name, rates.by_method[method]);
  }
}

}  // namespace

std::optional<std::size_t> rate_limited_method(std::string_view method) {
  const auto* const found = std::ranges::find(kRateLimitedMethods, method);
  if (found == kRateLimitedMethods.end()) return std::nullopt;
  return static_cast<std::size_t>(found - kRateLimitedMethods.begin());
}

bool RequestRates::any() const {
  // Python's any(): also what is no number.
  return all_methods != 0 || std::ranges::any_of(by_method, [](double rate) { return rate != 0; });
}

std::string backend_ratelimit_conf_in(const std::string& swift_dir) { return swift_dir + "/" + kFile; }

BackendRatelimitSettings read_backend_ratelimit(const IniSection& filter) {
  BackendRatelimitSettings settings;
  settings.is_served = true;
  read_rates(filter, settings.rates);
  read_number(filter, "config_reload_interval", settings.reload_interval);
  if (const auto swift_dir = filter.find("swift_dir"); swift_dir != filter.end()) {
    settings.conf_path = backend_ratelimit_conf_in(swift_dir->second.value);
  }
  if (const auto path = filter.find("backend_ratelimit_conf_path"); path != filter.end()) {
    settings.conf_path = path->second.value;
    settings.is_conf_path_given = true;
  }
  // The working directory of Swift's servers is /.
  if (!settings.conf_path.starts_with('/')) settings.conf_path.insert(0, "/");
  return settings;
}

BackendRatelimitFile read_backend_ratelimit_file(const std::string& path, const RequestRates& of_filter) {
  using Outcome = BackendRatelimitFile::Outcome;
  BackendRatelimitFile result;
  result.rates = of_filter;
  const bool is_whole_directory = is_directory(path);
  if (!is_whole_directory && ::access(path.c_str(), R_OK) != 0) {
    return {.outcome = Outcome::unreadable, .rates = {}, .why = "Unable to read config from " + path};
  }
  try {
    constexpr std::string_view kRemedy = "give a file that can be read";
    std::vector<std::string> skipped;
    const IniFile file = is_whole_directory ? IniFile::of_directory(path, kRules, kRemedy, skipped)
                                            : IniFile(path, kRules, kRemedy);
    if (std::ranges::find(file.sections(), kSection) == file.sections().end()) {
      throw ConfigError(std::string("Unable to find ") + kSection + " config section in " + path);
    }
    read_rates(file.options(kSection, IniInterpolation::lenient), result.rates);
    return result;
  } catch (const ConfigError& error) {
    return {.outcome = Outcome::invalid, .rates = {}, .why = error.what()};
  }
}

}  // namespace ssync
