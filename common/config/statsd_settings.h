// Where metrics go, and under which names: the options of Swift's get_statsd_client.
#pragma once

#include <string>

namespace ssync {

struct StatsdSettings {
  std::string host;  // empty: nothing is sent
  int port = 8125;
  // Of how many values one is sent, as the product of both: all from 1 on, and if it is no number.
  double default_sample_rate = 1;
  double sample_rate_factor = 1;
  std::string metric_prefix;
};

}  // namespace ssync
