// The fields of a report by their names in JSON: the only place where these stand.
#pragma once

#include <type_traits>

#include "worker/replicator_report/replicator_report.h"

namespace ssync {

// Each calls fields(name, member) for all members of a struct, which is const for who writes.
template <typename Value, typename Type>
concept Described = std::is_same_v<std::remove_const_t<Value>, Type>;

template <Described<ReportedPass> Value, typename Fields>
void describe(Value& pass, Fields&& fields) {
  fields("number", pass.number);
  fields("state", pass.state);
  fields("begun", pass.begun);
  fields("until", pass.until);
  fields("partitions", pass.partitions);
  fields("done", pass.done);
  fields("running", pass.running);
  fields("left", pass.left);
  fields("handoffs", pass.handoffs);
  fields("handoffs_left", pass.handoffs_left);
  fields("rate", pass.rate);
  fields("rate_lately", pass.rate_lately);
  fields("remaining_seconds", pass.remaining_seconds);
}

template <Described<ReportedLastPass> Value, typename Fields>
void describe(Value& pass, Fields&& fields) {
  fields("ended", pass.ended);
  fields("seconds", pass.seconds);
  fields("partitions", pass.partitions);
  fields("done", pass.done);
  fields("handoffs_left", pass.handoffs_left);
  fields("ended_early", pass.ended_early);
}

template <Described<ReportedRingChanges> Value, typename Fields>
void describe(Value& changes, Fields&& fields) {
  fields("count", changes.count);
  fields("last", changes.last);
}

template <Described<ReportedLimits> Value, typename Fields>
void describe(Value& limits, Fields&& fields) {
  fields("concurrency", limits.concurrency);
  fields("bandwidth_per_peer", limits.bandwidth_per_peer);
  fields("bandwidth_per_device", limits.bandwidth_per_device);
  fields("interval", limits.interval);
  fields("handoffs_first", limits.handoffs_first);
  fields("handoff_delete", limits.handoff_delete);
}

template <Described<ReportedDevice> Value, typename Fields>
void describe(Value& device, Fields&& fields) {
  fields("device", device.device);
  fields("partitions", device.partitions);
  fields("done", device.done);
  fields("handoffs_left", device.handoffs_left);
  fields("failures", device.failures);
  fields("objects_sent", device.objects_sent);
  fields("bytes_sent", device.bytes_sent);
  fields("last_error", device.last_error);
  fields("last_error_time", device.last_error_time);
}

template <Described<ReportedPeer> Value, typename Fields>
void describe(Value& peer, Fields&& fields) {
  fields("peer", peer.peer);
  fields("sessions", peer.sessions);
  fields("waiting", peer.waiting);
  fields("objects_sent", peer.objects_sent);
  fields("bytes_sent", peer.bytes_sent);
  fields("failures", peer.failures);
  fields("last_failure", peer.last_failure);
  fields("last_failure_time", peer.last_failure_time);
}

template <Described<ReportedJob> Value, typename Fields>
void describe(Value& job, Fields&& fields) {
  fields("device", job.device);
  fields("partition", job.partition);
  fields("policy", job.policy);
  fields("kind", job.kind);
  fields("peer", job.peer);
  fields("state", job.state);
  fields("seconds", job.seconds);
  fields("age", job.age);
  fields("offered", job.offered);
  fields("wanted", job.wanted);
  fields("sent", job.sent);
  fields("bytes", job.bytes);
}

template <Described<ReplicatorReport> Value, typename Fields>
void describe(Value& report, Fields&& fields) {
  fields("time", report.time);
  fields("started", report.started);
  fields("pid", report.pid);
  fields("process", report.process);
  fields("processes", report.processes);
  fields("mode", report.mode);
  fields("pass", report.pass);
  fields("last_pass", report.last_pass);
  fields("ring_changes", report.ring_changes);
  fields("limits", report.limits);
  fields("devices", report.devices, kMostReportedDevices);
  fields("devices_left_out", report.devices_left_out);
  fields("peers", report.peers, kMostReportedPeers);
  fields("peers_left_out", report.peers_left_out);
  fields("jobs", report.jobs, kMostReportedJobs);
  fields("jobs_left_out", report.jobs_left_out);
}

}  // namespace ssync
