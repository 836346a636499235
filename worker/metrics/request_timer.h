// How long one request took.
#pragma once

#include <string>
#include <utility>

#include "worker/metrics/request_metrics.h"

namespace ssync {

// Swift's timing_stats around one of ObjectController's methods. It times the answers that the method
// returns, and not those that it raises: so only an answer that Swift returns may be told to it.
class RequestTimer {
 public:
  using Clock = RequestMetrics::Clock;

  // Begins now.
  RequestTimer(RequestMetrics& metrics, std::string method)
      : metrics_(&metrics), method_(std::move(method)), begun_(now()) {}

  void returned(int status) const noexcept { returned(status, now()); }
  // at: when the answer was known.
  void returned(int status, Clock::time_point at) const noexcept {
    metrics_->answered(method_, status, at - begun_);
  }

 private:
  // Nobody asks for the time if nothing is sent.
  [[nodiscard]] Clock::time_point now() const noexcept {
    return metrics_->is_on() ? Clock::now() : Clock::time_point();
  }

  RequestMetrics* metrics_;
  std::string method_;
  Clock::time_point begun_;
};

}  // namespace ssync
