#include "common/statsd/label_format.h"

namespace ssync {
namespace {

// Each label with `before` in front of it, but the first one with `begin`.
std::string joined(const StatsdLabels& labels, std::string_view begin, std::string_view before,
                   std::string_view between) {
  std::string text;
  for (const auto& [name, value] : labels) {
    text.append(text.empty() ? begin : before).append(name).append(between).append(value);
  }
  return text;
}

}  // namespace

std::string labeled_line(LabelMode mode, std::string_view metric, std::string_view rest,
                         const StatsdLabels& labels) {
  std::string line(metric);
  switch (mode) {
    case LabelMode::librato:
      return line.append(joined(labels, "#", ",", "=")).append(rest);
    case LabelMode::influxdb:
      return line.append(joined(labels, ",", ",", "=")).append(rest);
    case LabelMode::graphite:
      return line.append(joined(labels, ";", ";", "=")).append(rest);
    case LabelMode::dogstatsd:
      return line.append(rest).append(joined(labels, "|#", ",", ":"));
    case LabelMode::disabled:
      break;
  }
  return line.append(rest);
}

}  // namespace ssync
