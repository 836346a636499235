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

std::string milliseconds_text(std::chrono::duration<double, std::milli> took) {
  return python::float_text(std::round(took.count() * 1e4) / 1e4);
}

}  // namespace

StatsdClient::StatsdClient(const StatsdSettings& settings, const std::string& name, Random random)
    : prefix_(prefix_of(settings.metric_prefix, name)),
      label_mode_(settings.label_mode),
      user_labels_(settings.user_labels),
      emits_legacy_(settings.emit_legacy),
      default_rate_(settings.default_sample_rate),
      rate_factor_(settings.sample_rate_factor),
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

void StatsdClient::timing(std::string_view metric, std::chrono::duration<double, std::milli> took,
                          std::optional<double> sample_rate) noexcept {
  if (!sender_) return;
  try {
    send(metric, milliseconds_text(took), "ms", sample_rate);
  } catch (...) {
    return;
  }
}

void StatsdClient::transfer_rate(std::string_view metric, std::chrono::duration<double, std::milli> took,
                                 std::int64_t bytes) noexcept {
  if (bytes != 0) timing(metric, took * (1000.0 / static_cast<double>(bytes)));
}

void StatsdClient::labeled_timing(std::string_view metric, std::chrono::duration<double, std::milli> took,
                                  StatsdLabels labels) noexcept {
  if (!has_labels()) return;
  try {
    const auto rate = drawn_rate(default_rate_ * rate_factor_);
    if (!rate) return;
    // The caller's go before the operator's of the same name.
    labels.insert(user_labels_.begin(), user_labels_.end());
    sender_->send(labeled_line(label_mode_, metric, ":" + milliseconds_text(took) + "|ms" + *rate, labels));
  } catch (...) {
    return;
  }
}

std::optional<std::string> StatsdClient::drawn_rate(double rate) const {
  if (!(rate < 1)) return "";
  if (!(random_() < rate)) return std::nullopt;
  return "|@" + python::float_text(rate);
}

void StatsdClient::send(std::string_view metric, const std::string& value, std::string_view kind,
                        std::optional<double> sample_rate) {
  if (!emits_legacy_) return;
  const auto rate = drawn_rate(sample_rate.value_or(default_rate_) * rate_factor_);
  if (!rate) return;
  std::string line = prefix_;
  line.append(metric).append(":").append(value).append("|").append(kind).append(*rate);
  sender_->send(std::move(line));
}

}  // namespace ssync
