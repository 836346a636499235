// What Swift's object server reports to statsd, under its names.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/config/statsd_settings.h"
#include "common/statsd/statsd_client.h"

namespace ssync {

// What is known of a request when it was answered.
struct RequestLabels {
  std::optional<std::string> account = {};
  std::optional<std::string> container = {};
  std::optional<std::int64_t> policy = {};
  std::optional<bool> skip_rehash = {};  // of a REPLICATE: it names suffixes
};

// Without a host all of it does nothing. Nothing waits or throws.
class RequestMetrics {
 public:
  using Clock = std::chrono::steady_clock;

  // name: log_name, which stands before the names. To be made in the process that uses it, after the fork:
  // the client may start a thread.
  RequestMetrics(const StatsdSettings& settings, const std::string& name,
                 StatsdClient::Random random = StatsdClient::random_share);

  // False if nothing is sent: whoever measures may leave it.
  [[nodiscard]] bool is_on() const noexcept { return statsd_.is_on(); }

  // A request or subrequest was answered (timing_stats): METHOD.timing, or METHOD.errors.timing for a 5xx.
  void answered(const std::string& method, int status, Clock::duration took) noexcept;
  // The same with labels, as releases from 2.36 on send it (labeled_timing_stats), for all answers that
  // Swift's method returns, or raises as HTTP's: swift_object_server_request_timing.
  void answered_with_labels(const std::string& method, int status, const RequestLabels& labels,
                            Clock::duration took) noexcept;
  // False if nobody needs to know the labels.
  [[nodiscard]] bool has_labels() const noexcept { return statsd_.has_labels(); }
  // Writing the body of a PUT to the device took so long: PUT.DEVICE.timing, milliseconds per kB.
  void wrote(const std::string& device, Clock::duration took, std::int64_t bytes) noexcept;
  // A PUT took longer than max_upload_time: PUT.timeouts.
  void upload_timed_out() noexcept;
  // A request was refused by backend_ratelimit: backend.ratelimit.
  void rate_limited() noexcept;
  // The objects that this process has put into quarantine since the last call: quarantines.
  void report_quarantines() noexcept;

 private:
  StatsdClient statsd_;
  std::uint64_t reported_quarantines_;
};

}  // namespace ssync
