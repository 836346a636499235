#include "worker/status/replicator_state.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>

namespace ssync {
namespace {

// Of one name the newest error.
void take_newer(std::string& text, std::optional<double>& time, const std::string& other_text,
                const std::optional<double>& other_time) {
  if (!other_time || (time && *time >= *other_time)) return;
  text = other_text;
  time = other_time;
}

void add(ReportedDevice& sum, const ReportedDevice& one) {
  sum.partitions += one.partitions;
  sum.done += one.done;
  sum.handoffs_left += one.handoffs_left;
  sum.failures += one.failures;
  sum.objects_sent += one.objects_sent;
  sum.bytes_sent += one.bytes_sent;
  take_newer(sum.last_error, sum.last_error_time, one.last_error, one.last_error_time);
}

void add(ReportedPeer& sum, const ReportedPeer& one) {
  sum.sessions += one.sessions;
  sum.waiting += one.waiting;
  sum.objects_sent += one.objects_sent;
  sum.bytes_sent += one.bytes_sent;
  sum.failures += one.failures;
  take_newer(sum.last_failure, sum.last_failure_time, one.last_failure, one.last_failure_time);
}

template <typename Value>
void add_all(std::map<std::string, Value>& sums, const std::vector<Value>& values,
             const std::string& (*name_of)(const Value&)) {
  for (const Value& one : values) {
    const auto [found, is_new] = sums.emplace(name_of(one), one);
    if (!is_new) add(found->second, one);
  }
}

template <typename Value>
std::vector<Value> first_of(std::map<std::string, Value>&& sums, std::size_t most, std::int64_t& left_out) {
  std::vector<Value> values;
  for (auto& [name, value] : sums) {
    if (values.size() == most) {
      ++left_out;
    } else {
      values.push_back(std::move(value));
    }
  }
  return values;
}

}  // namespace

bool ReplicatorState::answers() const {
  return std::ranges::all_of(processes, [](const ReplicatorProcess& one) { return one.answers; });
}

ReplicatorSums sums_of(const ReplicatorState& replicator) {
  ReplicatorSums sums;
  std::map<std::string, ReportedDevice> devices;
  std::map<std::string, ReportedPeer> peers;
  for (const ReplicatorProcess& process : replicator.processes) {
    if (!process.report) continue;
    const ReplicatorReport& report = *process.report;
    sums.partitions += report.pass.partitions;
    sums.done += report.pass.done;
    sums.running += report.pass.running;
    sums.left += report.pass.left;
    sums.handoffs += report.pass.handoffs;
    sums.handoffs_left += report.pass.handoffs_left;
    sums.rate += report.pass.rate;
    sums.rate_lately += report.pass.rate_lately;
    if (const auto seconds = report.pass.remaining_seconds) {
      sums.remaining_seconds = std::max(sums.remaining_seconds.value_or(0), *seconds);
    }
    add_all<ReportedDevice>(devices, report.devices,
                            [](const ReportedDevice& one) -> const std::string& { return one.device; });
    add_all<ReportedPeer>(peers, report.peers,
                          [](const ReportedPeer& one) -> const std::string& { return one.peer; });
    sums.jobs.insert(sums.jobs.end(), report.jobs.begin(), report.jobs.end());
    sums.devices_left_out += report.devices_left_out;
    sums.peers_left_out += report.peers_left_out;
    sums.jobs_left_out += report.jobs_left_out;
  }
  sums.devices = first_of(std::move(devices), kMostReportedDevices, sums.devices_left_out);
  sums.peers = first_of(std::move(peers), kMostReportedPeers, sums.peers_left_out);
  std::ranges::stable_sort(sums.jobs, std::ranges::greater(), &ReportedJob::age);
  if (sums.jobs.size() > kMostReportedJobs) {
    sums.jobs_left_out += static_cast<std::int64_t>(sums.jobs.size() - kMostReportedJobs);
    sums.jobs.resize(kMostReportedJobs);
  }
  return sums;
}

}  // namespace ssync
