// The metrics of a daemon, for a statsd server.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/config/statsd_settings.h"
#include "common/statsd/datagram_sender.h"
#include "common/statsd/label_format.h"

namespace ssync {

// Swift's StatsdClient: a datagram for each call, or for as many calls as the sample rate says, which is then
// behind the value. No function waits or throws; all are thread-safe.
class StatsdClient {
 public:
  // From 0 to below 1; called by several threads.
  using Random = std::function<double()>;

  // Sends nothing if no host is set. Metrics have the configured prefix and the daemon's name (log_name)
  // before theirs, of which either may be empty.
  StatsdClient(const StatsdSettings& settings, const std::string& name, Random random = random_share);

  // False if nothing is sent: whoever measures may leave it.
  [[nodiscard]] bool is_on() const noexcept { return sender_.has_value(); }

  // A counter has changed by this much (update_stats).
  void count(std::string_view metric, std::int64_t by) noexcept;
  // It took so long (timing): milliseconds with up to four digits behind the point, as newer releases send
  // it. sample_rate is in the place of the default one.
  void timing(std::string_view metric, std::chrono::duration<double, std::milli> took,
              std::optional<double> sample_rate = std::nullopt) noexcept;
  // So many bytes took so long (transfer_rate): milliseconds per 1,000 bytes; nothing for no bytes.
  void transfer_rate(std::string_view metric, std::chrono::duration<double, std::milli> took,
                     std::int64_t bytes) noexcept;

  // It took so long, with these labels, and those of the operator (LabeledStatsdClient.timing): nothing if
  // labels are disabled. The metric has no prefix.
  void labeled_timing(std::string_view metric, std::chrono::duration<double, std::milli> took,
                      StatsdLabels labels) noexcept;
  [[nodiscard]] bool has_labels() const noexcept { return is_on() && label_mode_ != LabelMode::disabled; }

  // How many datagrams could not be sent.
  [[nodiscard]] std::uint64_t unsent() const { return sender_ ? sender_->unsent() : 0; }

  static double random_share();

 private:
  void send(std::string_view metric, const std::string& value, std::string_view kind,
            std::optional<double> sample_rate = std::nullopt);

  // "|@RATE" if not all values are sent; nullopt if this one is not.
  [[nodiscard]] std::optional<std::string> drawn_rate(double rate) const;

  std::string prefix_;
  LabelMode label_mode_;
  StatsdLabels user_labels_;
  bool emits_legacy_;
  double default_rate_;
  double rate_factor_;
  Random random_;
  std::optional<DatagramSender> sender_;
};

}  // namespace ssync
