#include "worker/metrics/request_metrics.h"

#include <array>
#include <optional>
#include <utility>

#include "common/store/quarantine.h"

namespace ssync {
namespace {

// As the decorators of ObjectController's methods have it; nullopt: log_statsd_default_sample_rate. The
// receiver of 2013 had SSYNC's for REPLICATION.
std::optional<double> sample_rate_of(std::string_view method) {
  struct Sampled {
    std::string_view method;
    double rate;
  };
  static constexpr std::array kSampled{Sampled{"HEAD", 0.8}, Sampled{"REPLICATE", 0.1}, Sampled{"SSYNC", 0.1},
                                       Sampled{"REPLICATION", 0.1}};
  for (const Sampled& sampled : kSampled) {
    if (sampled.method == method) return sampled.rate;
  }
  return std::nullopt;
}

}  // namespace

RequestMetrics::RequestMetrics(const StatsdSettings& settings, const std::string& name,
                               StatsdClient::Random random)
    : statsd_(settings, name, std::move(random)), reported_quarantines_(quarantined_objects()) {}

void RequestMetrics::answered(const std::string& method, int status, Clock::duration took) noexcept {
  if (!is_on()) return;
  try {
    statsd_.timing(method + (status >= 500 ? ".errors.timing" : ".timing"), took, sample_rate_of(method));
  } catch (...) {
    return;
  }
}

void RequestMetrics::answered_with_labels(const std::string& method, int status, const RequestLabels& known,
                                          Clock::duration took) noexcept {
  // Releases with labels do not know the verb of 2013.
  if (!has_labels() || method == "REPLICATION") return;
  try {
    StatsdLabels labels{{"method", method}, {"status", std::to_string(status)}};
    if (known.account) labels.emplace("account", *known.account);
    if (known.container) labels.emplace("container", *known.container);
    if (known.policy) labels.emplace("policy", std::to_string(*known.policy));
    if (known.skip_rehash) labels.emplace("skip_rehash", *known.skip_rehash ? "True" : "False");
    statsd_.labeled_timing("swift_object_server_request_timing", took, std::move(labels));
  } catch (...) {
    return;
  }
}

void RequestMetrics::wrote(const std::string& device, Clock::duration took, std::int64_t bytes) noexcept {
  if (!is_on()) return;
  try {
    statsd_.transfer_rate("PUT." + device + ".timing", took, bytes);
  } catch (...) {
    return;
  }
}

void RequestMetrics::upload_timed_out() noexcept { statsd_.count("PUT.timeouts", 1); }

void RequestMetrics::rate_limited() noexcept { statsd_.count("backend.ratelimit", 1); }

void RequestMetrics::report_quarantines() noexcept {
  if (!is_on()) return;
  for (const std::uint64_t now = quarantined_objects(); reported_quarantines_ < now;
       ++reported_quarantines_) {
    statsd_.count("quarantines", 1);
  }
}

}  // namespace ssync
