#include "worker/status/replicator_metrics.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "worker/status/metric_lines.h"

namespace ssync {
namespace {

struct DeviceMetric {
  std::string_view name;
  std::string_view type;
  std::int64_t ReportedDevice::*value;
  std::string_view help;
};

constexpr std::array kDeviceMetrics{
    DeviceMetric{"ssync_replicator_partitions", "gauge", &ReportedDevice::partitions,
                 "Partitions of the pass."},
    DeviceMetric{"ssync_replicator_partitions_done", "gauge", &ReportedDevice::done,
                 "Partitions of the pass that had their turn."},
    DeviceMetric{"ssync_replicator_handoffs_left", "gauge", &ReportedDevice::handoffs_left,
                 "Handoff partitions that are still here."},
    DeviceMetric{"ssync_replicator_failures_total", "counter", &ReportedDevice::failures,
                 "Failures of a partition with a device elsewhere."},
    DeviceMetric{"ssync_replicator_sent_objects_total", "counter", &ReportedDevice::objects_sent,
                 "Objects sent."},
    DeviceMetric{"ssync_replicator_sent_bytes_total", "counter", &ReportedDevice::bytes_sent,
                 "Bytes of objects' bodies sent."},
};

// That of the process which is furthest behind.
template <typename TimeOf>
void append_oldest(std::string& text, const ReplicatorState& replicator, std::string_view name,
                   std::string_view help, const TimeOf& time_of) {
  std::optional<double> oldest;
  for (const ReplicatorProcess& process : replicator.processes) {
    if (!process.report) continue;
    const std::optional<double> time = time_of(*process.report);
    if (!time) return;
    oldest = std::min(oldest.value_or(*time), *time);
  }
  if (oldest) append_gauge(text, name, help, *oldest);
}

}  // namespace

void append_replicator_metrics(std::string& text, const ReplicatorState& replicator) {
  if (!replicator.is_there()) return;
  append_gauge(text, "ssync_replicator_up", "1: all processes of ssync-replicator answer; 0: some do not.",
               replicator.answers() ? 1 : 0);
  append_oldest(text, replicator, "ssync_replicator_start_time_seconds", "When it was started.",
                [](const ReplicatorReport& report) { return std::optional(report.started); });
  append_oldest(text, replicator, "ssync_replicator_pass_start_timestamp_seconds", "Begin of the pass.",
                [](const ReplicatorReport& report) { return std::optional(report.pass.begun); });
  append_oldest(text, replicator, "ssync_replicator_last_pass_timestamp_seconds", "End of the last pass.",
                [](const ReplicatorReport& report) {
                  return report.last_pass ? std::optional(report.last_pass->ended) : std::nullopt;
                });
  double longest = -1;
  for (const ReplicatorProcess& process : replicator.processes) {
    if (process.report && process.report->last_pass) {
      longest = std::max(longest, process.report->last_pass->seconds);
    }
  }
  if (longest >= 0) {
    append_gauge(text, "ssync_replicator_last_pass_duration_seconds", "Length of the last pass.", longest);
  }
  const ReplicatorSums sums = sums_of(replicator);
  append_gauge(text, "ssync_replicator_jobs", "Partitions under way.", static_cast<double>(sums.running));
  for (const DeviceMetric& metric : kDeviceMetrics) {
    begin_metric(text, metric.name, metric.type, metric.help);
    for (const ReportedDevice& device : sums.devices) {
      append_labeled(text, metric.name, "device", device.device, device.*metric.value);
    }
  }
  begin_metric(text, "ssync_replicator_peer_failures_total", "counter",
               "Failures of sessions with and of questions to a device elsewhere.");
  for (const ReportedPeer& peer : sums.peers) {
    append_labeled(text, "ssync_replicator_peer_failures_total", "peer", peer.peer, peer.failures);
  }
}

}  // namespace ssync
