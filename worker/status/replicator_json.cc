#include "worker/status/replicator_json.h"

#include <algorithm>
#include <optional>

#include "worker/replicator_report/report_json.h"

namespace ssync {
namespace {

using nlohmann::json;

const char* state_text(bool answers) { return answers ? "answers" : "does not answer"; }

json optional_json(const std::optional<double>& value) { return value ? json(*value) : json(); }

// Since it told the most that is known of it.
std::optional<double> age_of(const ReplicatorProcess& process, double now) {
  if (!process.report) return std::nullopt;
  return std::max(now - process.answered, 0.0);
}

json process_json(const ReplicatorProcess& process, double now) {
  json made{{"socket", process.socket},
            {"state", state_text(process.answers)},
            {"age", optional_json(age_of(process, now))}};
  if (!process.report) return made;
  const ReplicatorReport& report = *process.report;
  made.update({{"process", report.process},
               {"processes", report.processes},
               {"pid", report.pid},
               {"mode", report.mode},
               {"started", report.started},
               {"pass", pass_json(report.pass)},
               {"last_pass", report.last_pass ? last_pass_json(*report.last_pass) : json()},
               {"ring_changes", ring_changes_json(report.ring_changes)},
               {"limits", limits_json(report.limits)}});
  return made;
}

}  // namespace

json replicator_json(const ReplicatorState& replicator, double now) {
  if (!replicator.is_there()) return {};
  json processes = json::array();
  std::optional<double> age;
  for (const ReplicatorProcess& process : replicator.processes) {
    processes.push_back(process_json(process, now));
    if (const auto one = age_of(process, now)) age = std::max(age.value_or(0), *one);
  }
  const ReplicatorSums sums = sums_of(replicator);
  return {{"state", state_text(replicator.answers())},
          {"age", optional_json(age)},
          {"processes", std::move(processes)},
          {"partitions",
           {{"all", sums.partitions}, {"done", sums.done}, {"running", sums.running}, {"left", sums.left}}},
          {"handoffs", {{"all", sums.handoffs}, {"left", sums.handoffs_left}}},
          {"rate", sums.rate},
          {"rate_lately", sums.rate_lately},
          {"remaining_seconds", optional_json(sums.remaining_seconds)},
          {"devices", devices_json(sums.devices)},
          {"devices_left_out", sums.devices_left_out},
          {"peers", peers_json(sums.peers)},
          {"peers_left_out", sums.peers_left_out},
          {"jobs", jobs_json(sums.jobs)},
          {"jobs_left_out", sums.jobs_left_out}};
}

}  // namespace ssync
