#include "common/config/statsd_conf.h"

#include <algorithm>
#include <array>
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

// Swift's programs run with it, or some of its releases.
void take_otherwise(const StatsdOptions& options, const IniOption& written, const std::string& how,
                    std::string_view problem_and_remedy) {
  if (options.is_ours(written)) throw bad_option(written, problem_and_remedy);
  options.note(written, how);
}

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
  constexpr const char* kRemedy = "give a port from 1 to 65535, e.g. 8125";
  take_otherwise(options, *written, std::string("no statsd metrics are sent: ") + kRemedy,
                 std::string("no port; ") + kRemedy);
}

struct NamedMode {
  LabelMode mode;
  std::string_view name;
};
constexpr std::array kModes{
    NamedMode{LabelMode::disabled, "disabled"}, NamedMode{LabelMode::dogstatsd, "dogstatsd"},
    NamedMode{LabelMode::graphite, "graphite"}, NamedMode{LabelMode::influxdb, "influxdb"},
    NamedMode{LabelMode::librato, "librato"}};

bool is_label_text(std::string_view text, std::string_view marks) {
  return std::ranges::all_of(text, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           marks.find(c) != std::string_view::npos;
  });
}

// Newer releases do not start with what is unknown here; older ones pass it over.
void read_labels(const StatsdOptions& options, StatsdSettings& settings) {
  const IniOption* mode = options.take("statsd_label_mode");
  if (mode == nullptr) return;
  const auto* const found = std::ranges::find(kModes, python::lower_ascii(mode->value), &NamedMode::name);
  if (found == kModes.end()) {
    constexpr const char* kRemedy = "give dogstatsd, graphite, influxdb, librato or disabled";
    take_otherwise(options, *mode, std::string("unknown, no metrics with labels are sent; ") + kRemedy,
                   std::string("unknown mode; ") + kRemedy);
    return;
  }
  settings.label_mode = found->mode;
  if (settings.label_mode == LabelMode::disabled) return;
  for (const std::string& name : *options.user_labels) {
    const IniOption* label = options.take(name);
    const std::string own_name = name.substr(kUserLabel.size());
    if (is_label_text(own_name, "_") && is_label_text(label->value, "_.")) {
      settings.user_labels.insert_or_assign("user_" + own_name, label->value);
    } else {
      const std::string remedy =
          "name and value may have letters, digits and underscores, the value also points";
      take_otherwise(options, *label, "left out; " + remedy, "no label; " + remedy);
    }
  }
}

}  // namespace

std::string_view label_mode_name(LabelMode mode) {
  return std::ranges::find(kModes, mode, &NamedMode::mode)->name;
}

StatsdSettings read_statsd_settings(const StatsdOptions& options) {
  StatsdSettings settings;
  if (const IniOption* host = options.take("log_statsd_host")) settings.host = host->value;
  if (!settings.host.empty() && options.user_labels) read_labels(options, settings);
  // Newer than 2.30.
  if (const IniOption* legacy = options.take("statsd_emit_legacy");
      legacy != nullptr &&
      !(options.is_ours(*legacy) ? read_truth(*legacy) : python::is_true(legacy->value))) {
    settings.emit_legacy = false;
    if (settings.label_mode == LabelMode::disabled) {
      if (!settings.host.empty()) options.note(*legacy, "no statsd metrics are sent");
      settings.host.clear();
    }
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
