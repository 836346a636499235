// Where metrics go, and under which names: the options of Swift's get_statsd_client
// and get_labeled_statsd_client.
#pragma once

#include <map>
#include <string>

namespace ssync {

// How a statsd server reads labels (statsd_label_mode, since Swift 2.36).
enum class LabelMode { disabled, dogstatsd, graphite, influxdb, librato };

struct StatsdSettings {
  std::string host;  // empty: nothing is sent
  int port = 8125;
  // Of how many values one is sent, as the product of both: all from 1 on, and if it is no number.
  double default_sample_rate = 1;
  double sample_rate_factor = 1;
  std::string metric_prefix;
  LabelMode label_mode = LabelMode::disabled;
  std::map<std::string, std::string> user_labels;  // statsd_user_label_NAME, as user_NAME
  bool emit_legacy = true;                         // metrics without labels
};

}  // namespace ssync
