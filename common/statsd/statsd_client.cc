#include "common/statsd/statsd_client.h"

#include <cmath>
#include <random>
#include <utility>

#include "common/python/number.h"

namespace ssync {
namespace {

// StatsdClient._set_prefix
std::string prefix_of(const std::string& base, const std::string& name) {
  std::string prefix;
  for (const std::string& part : {base, name}) {
    if (!part.empty()) prefix += part + ".";
  }
  return prefix;
}

}  // namespace

StatsdClient::StatsdClient(const StatsdSettings& settings, const std::string& name, Random random)
    : prefix_(prefix_of(settings.metric_prefix, name)),
      rate_(settings.default_sample_rate * settings.sample_rate_factor),
      random_(std::move(random)) {
  if (!settings.host.empty()) sender_.emplace(settings.host, settings.port);
}

double StatsdClient::random_share() {
  static thread_local std::minstd_rand source{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(source);
}

void StatsdClient::count(std::string_view metric, std::int64_t by) noexcept {
  if (!sender_) return;
  try {
    send(metric, std::to_string(by), "c");
  } catch (...) {
    return;
  }
}

void StatsdClient::timing(std::string_view metric, std::chrono::duration<double, std::milli> took) noexcept {
  if (!sender_) return;
  try {
    send(metric, python::float_text(std::round(took.count() * 1e4) / 1e4), "ms");
  } catch (...) {
    return;
  }
}

void StatsdClient::send(std::string_view metric, const std::string& value, std::string_view kind) {
  std::string line = prefix_;
  line.append(metric).append(":").append(value).append("|").append(kind);
  if (rate_ < 1) {
    if (!(random_() < rate_)) return;
    line.append("|@").append(python::float_text(rate_));
  }
  sender_->send(std::move(line));
}

}  // namespace ssync
