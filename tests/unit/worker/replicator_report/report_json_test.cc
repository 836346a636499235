#include "worker/replicator_report/report_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ssync {
namespace {

using nlohmann::json;

ReplicatorReport whole_report() {
  ReplicatorReport report{
      .time = 1000.5, .started = 900, .pid = 7, .process = 1, .processes = 2, .mode = "forever"};
  report.pass = {.number = 3,
                 .state = "replicating",
                 .begun = 990,
                 .until = 1030,
                 .partitions = 100,
                 .done = 40,
                 .running = 2,
                 .left = 58,
                 .handoffs = 9,
                 .handoffs_left = 4,
                 .rate = 4.5,
                 .rate_lately = 5.5,
                 .remaining_seconds = 12};
  report.last_pass = ReportedLastPass{.ended = 980,
                                      .seconds = 60,
                                      .partitions = 100,
                                      .done = 99,
                                      .handoffs_left = 5,
                                      .ended_early = "a ring has changed"};
  report.ring_changes = {.count = 2, .last = 970};
  report.limits = {.concurrency = 4,
                   .bandwidth_per_peer = 5,
                   .bandwidth_per_device = 6,
                   .interval = 30,
                   .handoffs_first = true,
                   .handoff_delete = 2};
  report.devices = {{.device = "sda1",
                     .partitions = 100,
                     .done = 40,
                     .handoffs_left = 4,
                     .failures = 1,
                     .objects_sent = 17,
                     .bytes_sent = 4096,
                     .last_error = "why",
                     .last_error_time = 999}};
  report.peers = {{.peer = "10.0.0.1:6200/sdb1",
                   .sessions = 1,
                   .waiting = 2,
                   .objects_sent = 17,
                   .bytes_sent = 4096,
                   .failures = 1,
                   .last_failure = "timed out",
                   .last_failure_time = 999}};
  report.jobs = {{.device = "sda1",
                  .partition = "23",
                  .policy = 1,
                  .kind = "revert",
                  .peer = "10.0.0.1:6200/sdb1",
                  .state = "sending",
                  .seconds = 2,
                  .age = 3,
                  .offered = 30,
                  .wanted = 20,
                  .sent = 10,
                  .bytes = 1024}};
  report.devices_left_out = 1;
  report.peers_left_out = 2;
  report.jobs_left_out = 3;
  return report;
}

TEST(ReportJsonTest, ComesBackAsItWasWritten) {
  const std::string text = report_text(whole_report());
  const auto read = parse_report(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(report_text(*read), text);
  const json parsed = json::parse(text);
  EXPECT_EQ(parsed["pass"]["remaining_seconds"], 12);
  EXPECT_EQ(parsed["jobs"][0]["state"], "sending");
  EXPECT_EQ(parsed["limits"]["handoffs_first"], true);
  EXPECT_EQ(json::parse(report_text({}))["last_pass"], json());
}

TEST(ReportJsonTest, WhatIsNoReportIsNone) {
  for (const char* text : {"", "[]", "null", "7", "{", "{\"time\": 1}}", "\xff", "{\"a\": \"\xff\"}"}) {
    EXPECT_FALSE(parse_report(text)) << text;
  }
  EXPECT_FALSE(parse_report("{\"mode\": \"" + std::string(kLongestReport, 'a') + "\"}")) << "too long";
  EXPECT_FALSE(parse_report(std::string(kLongestReport, '['))) << "nested as deep as it can be";
  EXPECT_FALSE(parse_report("{\"time\": 1e999}"));
}

// Each field with each of these, one at a time: it has its default then, and the others are what they are.
TEST(ReportJsonTest, FieldsOfOtherTypesAreAsIfTheyWereNotThere) {
  const json whole = json::parse(report_text(whole_report()));
  const std::vector<json> others{json(),
                                 json(true),
                                 json(-5),
                                 json(1e300),
                                 json("text"),
                                 json::array({1, "a", nullptr}),
                                 json::object({{"a", 1}}),
                                 json::array({json::array()})};
  int tried = 0;
  for (const json& pointers = whole.flatten(); const auto& [path, value] : pointers.items()) {
    for (json::json_pointer pointer(path); !pointer.empty(); pointer = pointer.parent_pointer()) {
      for (const json& other : others) {
        json changed = whole;
        changed[pointer] = other;
        const auto read = parse_report(changed.dump());
        ASSERT_TRUE(read) << changed.dump();
        const json again = json::parse(report_text(*read));
        EXPECT_EQ(again["pass"].size(), whole["pass"].size());
        EXPECT_TRUE(again["devices"].is_array() && again["limits"].is_object());
        EXPECT_TRUE(again["time"].is_number() && again["time"] >= 0);
        ++tried;
      }
    }
  }
  EXPECT_GT(tried, 300);
}

TEST(ReportJsonTest, NumbersAreFiniteAndNotNegative) {
  const auto read = parse_report(R"({"pid": -3, "time": 1e300, "processes": 2.9, "pass": {"until": -1}})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->pid, 0);
  EXPECT_EQ(read->time, 9007199254740991);
  EXPECT_EQ(read->processes, 2);
  EXPECT_EQ(read->pass.until, 0);
}

TEST(ReportJsonTest, ListsAndTextAreCut) {
  json hostile;
  for (std::size_t number = 0; number < 2 * kMostReportedJobs; ++number) {
    hostile["jobs"].push_back({{"device", std::string(1000, 'x')}, {"unknown", 1}});
  }
  const auto read = parse_report(hostile.dump());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->jobs.size(), kMostReportedJobs);
  EXPECT_EQ(read->jobs[0].device.size(), kLongestName);
  EXPECT_EQ(reported_text("caf\xc3\xa9", 4), "caf") << "not within a character";
  EXPECT_EQ(reported_text("a\nb\x1b[31m\x7f", 99), "a b [31m ");
}

TEST(ReportJsonTest, AReportIsNoLongerThanItMayBe) {
  ReplicatorReport report = whole_report();
  // Each of these bytes is no UTF-8, and becomes three.
  const std::string reason(kLongestReason, '\xff');
  report.peers.assign(kMostReportedPeers,
                      {.peer = std::string(kLongestName, '\xff'), .last_failure = reason});
  report.jobs.assign(kMostReportedJobs, {.device = std::string(kLongestName, '\xff')});
  const std::string text = report_text(report);
  EXPECT_LE(text.size(), kLongestReport);
  const auto read = parse_report(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(static_cast<std::size_t>(read->peers_left_out) + read->peers.size(), kMostReportedPeers + 2);
  EXPECT_GT(read->peers.size(), 100U);
}

}  // namespace
}  // namespace ssync
