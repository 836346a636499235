#include "worker/status/replicator_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "worker/status/replicator_json.h"
#include "worker/status/replicator_metrics.h"

namespace ssync {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Two processes: one with sda1, one with sdb1, which both have to do with one peer.
ReplicatorState two() {
  ReplicatorReport first{.time = 1000, .started = 900, .pid = 7, .processes = 2, .mode = "forever"};
  first.pass = {.number = 3, .state = "replicating", .begun = 990, .partitions = 100, .done = 40};
  first.pass.running = 1;
  first.pass.handoffs_left = 4;
  first.pass.rate = 2;
  first.pass.remaining_seconds = 30;
  first.last_pass = ReportedLastPass{.ended = 980, .seconds = 60};
  first.devices = {{.device = "sda1", .partitions = 100, .done = 40, .bytes_sent = 4096}};
  first.peers = {
      {.peer = "p", .sessions = 1, .failures = 1, .last_failure = "old", .last_failure_time = 950}};
  first.jobs = {{.device = "sda1", .partition = "1", .age = 2}};
  ReplicatorReport second = first;
  second.process = 1;
  second.started = 800;
  second.pass.begun = 995;
  second.pass.remaining_seconds = 10;
  second.last_pass = ReportedLastPass{.ended = 970, .seconds = 20};
  second.devices = {{.device = "sdb\"1", .partitions = 100, .done = 40}};
  second.peers[0].last_failure = "new";
  second.peers[0].last_failure_time = 960;
  second.jobs = {{.device = "sdb1", .partition = "2", .age = 5}};
  return {{{.socket = "ssync-replicator.0.status", .answers = true, .answered = 1000, .report = first},
           {.socket = "ssync-replicator.1.status", .answers = true, .answered = 999, .report = second}}};
}

TEST(ReplicatorJsonTest, OfNoneIsNull) { EXPECT_TRUE(replicator_json({}, 1000).is_null()); }

TEST(ReplicatorJsonTest, AddsUpWhatProcessesTell) {
  const json told = replicator_json(two(), 1001);
  EXPECT_EQ(told["state"], "answers");
  EXPECT_EQ(told["age"], 2);
  EXPECT_EQ(told["processes"].size(), 2U);
  EXPECT_EQ(told["processes"][1]["pass"]["begun"], 995);
  EXPECT_EQ(told["partitions"], json({{"all", 200}, {"done", 80}, {"running", 2}, {"left", 0}}));
  EXPECT_EQ(told["handoffs"]["left"], 8);
  EXPECT_EQ(told["rate"], 4);
  EXPECT_EQ(told["remaining_seconds"], 30) << "of the one that takes longest";
  EXPECT_EQ(told["devices"].size(), 2U);
  ASSERT_EQ(told["peers"].size(), 1U);
  EXPECT_EQ(told["peers"][0]["failures"], 2);
  EXPECT_EQ(told["peers"][0]["last_failure"], "new");
  EXPECT_EQ(told["jobs"][0]["partition"], "2") << "the oldest first";
}

TEST(ReplicatorJsonTest, OneThatNeverAnsweredIsThere) {
  ReplicatorState state{{{.socket = "ssync-replicator.0.status"}}};
  const json told = replicator_json(state, 1000);
  EXPECT_EQ(told["state"], "does not answer");
  EXPECT_TRUE(told["age"].is_null());
  EXPECT_FALSE(told["processes"][0].contains("pass"));
  EXPECT_EQ(told["partitions"]["all"], 0);
}

TEST(ReplicatorJsonTest, ListsOfManyProcessesHaveAnEnd) {
  ReplicatorState state;
  for (std::size_t number = 0; number < 10; ++number) {
    ReplicatorReport report;
    for (std::size_t one = 0; one < kMostReportedJobs; ++one) {
      const std::string name = std::to_string(number) + "-" + std::to_string(one);
      report.jobs.push_back({.device = name});
      report.devices.push_back({.device = name});
      report.peers.push_back({.peer = name});
    }
    state.processes.push_back({.socket = std::to_string(number), .report = report});
  }
  const ReplicatorSums sums = sums_of(state);
  EXPECT_EQ(sums.jobs.size(), kMostReportedJobs);
  EXPECT_EQ(sums.jobs_left_out, 9 * static_cast<std::int64_t>(kMostReportedJobs));
  EXPECT_EQ(sums.devices.size(), kMostReportedDevices);
  EXPECT_EQ(sums.peers.size(), kMostReportedPeers);
}

TEST(ReplicatorMetricsTest, HaveTheirTypesAndValues) {
  std::string text;
  append_replicator_metrics(text, {});
  EXPECT_THAT(text, IsEmpty());
  append_replicator_metrics(text, two());
  EXPECT_THAT(text, HasSubstr("# TYPE ssync_replicator_up gauge\nssync_replicator_up 1\n"));
  EXPECT_THAT(text, HasSubstr("\nssync_replicator_start_time_seconds 800\n"));
  EXPECT_THAT(text, HasSubstr("\nssync_replicator_pass_start_timestamp_seconds 990\n"));
  EXPECT_THAT(text, HasSubstr("\nssync_replicator_last_pass_timestamp_seconds 970\n"));
  EXPECT_THAT(text, HasSubstr("\nssync_replicator_last_pass_duration_seconds 60\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE ssync_replicator_sent_bytes_total counter\n"
                              "ssync_replicator_sent_bytes_total{device=\"sda1\"} 4096\n"));
  EXPECT_THAT(text, HasSubstr("\nssync_replicator_partitions_done{device=\"sdb\\\"1\"} 40\n"));
  EXPECT_THAT(text, HasSubstr("\nssync_replicator_peer_failures_total{peer=\"p\"} 2\n"));
}

TEST(ReplicatorMetricsTest, WhatIsNotKnownIsMissing) {
  ReplicatorState state = two();
  state.processes[1].report->last_pass.reset();
  state.processes[1].answers = false;
  std::string text;
  append_replicator_metrics(text, state);
  EXPECT_THAT(text, HasSubstr("ssync_replicator_up 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("ssync_replicator_last_pass_timestamp_seconds")));
  state.processes = {{.socket = "a"}};
  text.clear();
  append_replicator_metrics(text, state);
  EXPECT_THAT(text, Not(HasSubstr("start_time")));
}

}  // namespace
}  // namespace ssync
