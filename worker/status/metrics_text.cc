#include "worker/status/metrics_text.h"

#include <fmt/core.h>

#include <array>
#include <cstddef>
#include <map>
#include <string_view>

#include "worker/status/metric_lines.h"
#include "worker/status/replicator_metrics.h"

namespace ssync {
namespace {

struct CountMetric {
  std::string_view name;
  std::int64_t DeviceCounts::*count;
  double unit;
  std::string_view help;
};

constexpr std::array kCounts{
    CountMetric{"ssync_sessions_total", &DeviceCounts::sessions, 1, "Sessions that ended, whole or cut."},
    CountMetric{"ssync_sessions_cut_total", &DeviceCounts::sessions_cut, 1, "Sessions that were cut short."},
    CountMetric{"ssync_sessions_refused_total", &DeviceCounts::sessions_refused, 1,
                "Sessions refused because all slots were taken."},
    CountMetric{"ssync_objects_offered_total", &DeviceCounts::offered, 1, "Objects in senders' lists."},
    CountMetric{"ssync_objects_wanted_total", &DeviceCounts::wanted, 1,
                "Offered objects that were not here."},
    CountMetric{"ssync_objects_stored_total", &DeviceCounts::stored, 1,
                "Subrequests (PUT, POST, DELETE) that succeeded."},
    CountMetric{"ssync_objects_failed_total", &DeviceCounts::failed, 1, "Subrequests that failed."},
    CountMetric{"ssync_received_bytes_total", &DeviceCounts::bytes_in, 1, "Bytes read from senders."},
    CountMetric{"ssync_replicate_requests_total", &DeviceCounts::replicate_requests, 1,
                "REPLICATE requests answered."},
    CountMetric{"ssync_reads_total", &DeviceCounts::reads, 1, "GET and HEAD requests answered."},
    CountMetric{"ssync_requests_refused_total", &DeviceCounts::requests_refused, 1,
                "Requests refused for want of room, or above the rate of backend_ratelimit."},
    CountMetric{"ssync_request_errors_total", &DeviceCounts::errors, 1,
                "REPLICATE, GET and HEAD requests answered with 5xx."},
    CountMetric{"ssync_objects_quarantined_total", &DeviceCounts::quarantined, 1,
                "Damaged objects that requests put into quarantine."},
    CountMetric{"ssync_session_wait_seconds_total", &DeviceCounts::wait_microseconds, 1e-6,
                "Time that sessions waited for their turn and for locks."},
    CountMetric{"ssync_session_update_seconds_total", &DeviceCounts::update_microseconds, 1e-6,
                "Time that sessions spent in their updates."},
};

struct DistributionMetric {
  std::string_view name;
  Distribution which;
  std::string_view help;
};

constexpr std::array kDistributionMetrics{
    DistributionMetric{"ssync_session_duration_seconds", Distribution::session_seconds,
                       "Length of sessions."},
    DistributionMetric{"ssync_missing_check_objects_per_second", Distribution::list_rate,
                       "Rate of a session's missing check."},
    DistributionMetric{"ssync_updates_objects_per_second", Distribution::update_rate,
                       "Rate of a session's updates."},
    DistributionMetric{"ssync_commit_duration_seconds", Distribution::commit_seconds,
                       "Time to make a batch of files durable."},
};

void append_distribution(std::string& text, const DistributionMetric& metric,
                         const DistributionTotals& totals) {
  begin_metric(text, metric.name, "histogram", metric.help);
  const auto bounds = bounds_of(metric.which);
  std::int64_t below = 0;
  for (std::size_t number = 0; number < bounds.size(); ++number) {
    below += totals.counts[number];
    text += fmt::format("{}_bucket{{le=\"{}\"}} {}\n", metric.name, bounds[number], below);
  }
  text += fmt::format("{0}_bucket{{le=\"+Inf\"}} {1}\n{0}_sum {2}\n{0}_count {1}\n", metric.name,
                      totals.count(), totals.sum);
}

void append_workers(std::string& text, const PoolState& state) {
  std::map<std::string_view, int> phases;
  for (const BoardView& worker : state.workers) ++phases[phase_text(worker.phase)];
  begin_metric(text, "ssync_workers", "gauge", "Workers by what they do.");
  for (const auto& [phase, count] : phases) append_labeled(text, "ssync_workers", "phase", phase, count);
}

void append_live_sessions(std::string& text, const PoolState& state) {
  struct Live {
    int running = 0;
    int waiting = 0;
  };
  std::map<std::string, Live> devices;
  for (const DeviceTotals& device : state.devices) devices[device.device];
  for (const BoardView& worker : state.workers) {
    if (is_session(worker)) {
      ++(worker.is_waiting ? devices[worker.request.device].waiting : devices[worker.request.device].running);
    }
  }
  begin_metric(text, "ssync_sessions", "gauge", "Sessions at this moment.");
  for (const auto& [device, live] : devices) {
    text += fmt::format(
        "ssync_sessions{{device={0},state=\"running\"}} {1}\nssync_sessions{{device={0},state=\"waiting\"}} "
        "{2}\n",
        label_value(device), live.running, live.waiting);
  }
}

void append_devices(std::string& text, const PoolState& state) {
  for (const CountMetric& metric : kCounts) {
    begin_metric(text, metric.name, "counter", metric.help);
    for (const DeviceTotals& device : state.devices) {
      const auto count = static_cast<double>(device.counts.*metric.count) * metric.unit;
      append_labeled(text, metric.name, "device", device.device, count);
    }
  }
  // A negative value is one that is not known.
  const auto append = [&](std::string_view name, std::string_view help, auto value_of) {
    begin_metric(text, name, "gauge", help);
    for (const DeviceTotals& device : state.devices) {
      const std::int64_t value = value_of(device);
      if (value >= 0) append_labeled(text, name, "device", device.device, value);
    }
  };
  append("ssync_last_success_timestamp_seconds", "End of the last whole session.",
         [](const DeviceTotals& device) { return device.last_success == 0 ? -1 : device.last_success; });
  append("ssync_device_free_bytes", "Free space as the last whole session found it.",
         [](const DeviceTotals& device) { return device.free_bytes; });
  append("ssync_device_size_bytes", "Size of the file system.",
         [](const DeviceTotals& device) { return device.size_bytes; });
}

}  // namespace

std::string metrics_text(const PoolState& state, const std::string& version) {
  std::string text;
  begin_metric(text, "ssync_build_info", "gauge", "The version that runs.");
  append_labeled(text, "ssync_build_info", "version", version, 1);
  append_gauge(text, "ssync_start_time_seconds", "When the pool was started.",
               static_cast<double>(state.facts.started));
  begin_metric(text, "ssync_worker_deaths_total", "counter", "Workers that died without being told to end.");
  text += fmt::format("ssync_worker_deaths_total {}\n", state.facts.deaths);
  append_gauge(text, "ssync_worker_backoff_seconds",
               "Time until workers that died as soon as they started are replaced; 0: at once.",
               state.backoff.value_or(0));
  append_gauge(text, "ssync_workers_configured", "Workers that should run.", state.room.workers);
  append_workers(text, state);
  append_gauge(text, "ssync_session_slots", "replication_concurrency; 0: no limit.", state.room.slots);
  if (state.room.slots > 0) {
    append_gauge(text, "ssync_session_slots_free", "Slots that are free.", state.free_slots);
  }
  append_live_sessions(text, state);
  append_devices(text, state);
  for (const DistributionMetric& metric : kDistributionMetrics) {
    append_distribution(text, metric, state.distributions[static_cast<std::size_t>(metric.which)]);
  }
  append_replicator_metrics(text, state.replicator);
  return text;
}

}  // namespace ssync
