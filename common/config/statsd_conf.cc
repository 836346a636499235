#include "common/config/statsd_conf.h"

#include <cmath>
#include <cstdint>
#include <limits>

#include "common/config/errors.h"
#include "common/config/option.h"
#include "common/python/errors.h"
#include "common/python/number.h"
#include "common/python/text.h"

namespace ssync {
namespace {

constexpr std::int64_t kMaxPort = 65535;

void read_sample_rate(const StatsdOptions& options, std::string_view name, double& rate) {
  const IniOption* written = options.take(name);
  if (written == nullptr) return;
  try {
    rate = python::parse_float(python::ascii_number(written->value));
  } catch (const ValueError&) {
    throw bad_option(*written, "not a number; give a number from 0 to 1");
  }
  if (std::isnan(rate)) options.note(*written, "every metric is sent");
}

// With what is no port Swift's programs start, and then fail at the first metric or send nothing.
void read_port(const StatsdOptions& options, StatsdSettings& settings) {
  const IniOption* written = options.take("log_statsd_port");
  if (written == nullptr) return;
  const std::int64_t port = read_whole_number(*written, std::numeric_limits<std::int64_t>::min(),
                                              std::numeric_limits<std::int64_t>::max(), "a port, e.g. 8125");
  if (port >= 1 && port <= kMaxPort) {
    settings.port = static_cast<int>(port);
    return;
  }
  settings.host.clear();
  options.note(*written, "no statsd metrics are sent: give a port from 1 to 65535, e.g. 8125");
}

}  // namespace

StatsdSettings read_statsd_settings(const StatsdOptions& options) {
  StatsdSettings settings;
  if (const IniOption* host = options.take("log_statsd_host")) settings.host = host->value;
  // Newer than 2.30. None of our metrics have labels, so without these there are none.
  if (const IniOption* legacy = options.take("statsd_emit_legacy");
      legacy != nullptr && !python::is_true(legacy->value)) {
    if (!settings.host.empty()) options.note(*legacy, "no statsd metrics are sent");
    settings.host.clear();
  }
  if (settings.host.empty()) return settings;
  if (const IniOption* prefix = options.take("log_statsd_metric_prefix")) {
    settings.metric_prefix = prefix->value;
  }
  read_sample_rate(options, "log_statsd_default_sample_rate", settings.default_sample_rate);
  read_sample_rate(options, "log_statsd_sample_rate_factor", settings.sample_rate_factor);
  read_port(options, settings);
  return settings;
}

}  // namespace ssync
