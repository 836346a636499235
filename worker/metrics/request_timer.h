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

  // What the answer's labels say besides method and status.
  [[nodiscard]] RequestLabels& labels() noexcept { return labels_; }
  [[nodiscard]] bool has_labels() const noexcept { return metrics_->has_labels(); }

  void returned(int status) const noexcept { returned(status, now()); }
  // at: when the answer was known.
  void returned(int status, Clock::time_point at) const noexcept {
    metrics_->answered(method_, status, at - begun_);
    metrics_->answered_with_labels(method_, status, labels_, at - begun_);
  }
  // An answer whose status was another before conditions were looked at, which is what the labels have.
  void returned_conditionally(int status, int before) const noexcept {
    const Clock::time_point at = now();
    metrics_->answered(method_, status, at - begun_);
    metrics_->answered_with_labels(method_, before, labels_, at - begun_);
  }
  // Swift raises it, as an answer of HTTP's: only labels tell of it.
  void raised(int status) const noexcept {
    metrics_->answered_with_labels(method_, status, labels_, now() - begun_);
  }
  // What was thrown is an answer with this status: raised() if it is Swift's GET, HEAD, REPLICATE or SSYNC
  // that raises it. Its 412 and 405 come before them, its 500 after.
  void raised_if_by_the_method(int status) const noexcept {
    if (status == 400 || status == 503) raised(status);
  }

 private:
  // Nobody asks for the time if nothing is sent.
  [[nodiscard]] Clock::time_point now() const noexcept {
    return metrics_->is_on() ? Clock::now() : Clock::time_point();
  }

  RequestMetrics* metrics_;
  std::string method_;
  Clock::time_point begun_;
  RequestLabels labels_;
};

}  // namespace ssync
