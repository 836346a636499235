#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "worker/status/metrics_text.h"
#include "worker/status/pool_state.h"
#include "worker/status/status_json.h"
#include "worker/status/status_page.h"

namespace ssync {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

BoardView worker(pid_t pid, Phase phase) {
  BoardView view;
  view.pid = pid;
  view.is_used = true;
  view.phase = phase;
  return view;
}

PoolState pool() {
  PoolState state;
  state.time = 1000;
  state.facts = {.started = 900, .deaths = 2, .reloads = 1};
  state.room = {.workers = 12, .slots = 4};
  state.free_slots = 2;
  BoardView session = worker(11, Phase::updates);
  session.request = {.method = "SSYNC", .device = "sda", .partition = "7", .remote_addr = "10.0.0.1"};
  session.seconds = 5;
  session.wanted = 40;
  session.stored = 9;
  session.failed = 1;
  session.bytes_in = 3000;
  session.update_bytes = 2700;
  session.spent[static_cast<std::size_t>(Phase::updates)] = 3;
  BoardView waiting = worker(12, Phase::waiting);
  waiting.request = {.method = "SSYNC", .device = "sdb", .partition = "8", .remote_addr = "10.0.0.2"};
  waiting.is_waiting = true;
  waiting.spent[static_cast<std::size_t>(Phase::waiting)] = 2;
  waiting.spent[static_cast<std::size_t>(Phase::locking)] = 0.5;
  BoardView reading = worker(13, Phase::reading_object);
  reading.request = {.method = "GET", .device = "sda", .remote_addr = "10.0.0.3"};
  BoardView leaving = worker(14, Phase::idle);
  leaving.is_leaving = true;
  state.workers = {session, waiting, reading, leaving, worker(15, Phase::idle)};
  state.devices = {
      {.device = "sda",
       .counts = {.sessions = 3, .stored = 100, .bytes_in = 9000, .wait_microseconds = 1'500'000},
       .last_success = 990,
       .free_bytes = 0,
       .size_bytes = 10}};
  state.failures = {
      {.time = 980, .device = "sda", .partition = "5", .remote_addr = "10.0.0.9", .reason = "TIMEOUT"}};
  return state;
}

TEST(StatusJsonTest, HasThePoolItsSessionsDevicesAndFailures) {
  const json status = json::parse(status_json(pool(), {}, "1.2"));
  EXPECT_EQ(status["pool"]["version"], "1.2");
  EXPECT_EQ(status["pool"]["uptime"], 100);
  EXPECT_EQ(status["pool"]["workers"]["running"], 5);
  EXPECT_EQ(status["pool"]["workers"]["leaving"], 1);
  EXPECT_EQ(status["pool"]["workers"]["phases"]["idle"], 2);
  EXPECT_EQ(status["pool"]["slots"], json({{"all", 4}, {"free", 2}}));
  EXPECT_EQ(status["pool"]["room"]["beside_sessions_used"], 2) << "the read and the session that waits";
  ASSERT_EQ(status["sessions"].size(), 2U);
  EXPECT_EQ(status["sessions"][0]["share"], 0.25);
  EXPECT_EQ(status["sessions"][0]["objects_per_second"], 3);
  EXPECT_EQ(status["sessions"][0]["bytes_per_second"], 900);
  EXPECT_EQ(status["sessions"][1]["waiting"], true);
  EXPECT_EQ(status["sessions"][1]["wait_seconds"], 2.5);
  EXPECT_EQ(status["sessions"][1]["lock_seconds"], 0.5);
  EXPECT_EQ(status["requests"].size(), 1U);
  ASSERT_EQ(status["devices"].size(), 2U) << "sdb has a session, though none has ended";
  EXPECT_EQ(status["devices"][0]["free_bytes"], 0) << "full is not unknown";
  EXPECT_EQ(status["devices"][0]["counts"]["wait_seconds"], 1.5);
  EXPECT_TRUE(status["devices"][1]["free_bytes"].is_null());
  EXPECT_EQ(status["totals"]["counts"]["stored"], 100);
  EXPECT_EQ(status["failures"][0]["reason"], "TIMEOUT");
}

TEST(StatusJsonTest, IsJsonWhateverNamesThereAre) {
  PoolState state = pool();
  state.workers[0].request.partition = "\xff\"<script>\n";
  state.failures[0].reason = std::string("\x00\x80", 2);
  const json status = json::parse(status_json(state, {}, "1"));
  EXPECT_EQ(status["sessions"][0]["partition"], "\xef\xbf\xbd\"<script>\n");
}

TEST(PoolStateTest, WhatRunningSessionsHaveDoneCountsToo) {
  const auto flows = pool().flows();
  EXPECT_EQ(flows.at("sda").objects, 109);
  EXPECT_EQ(flows.at("sda").bytes, 12000);
  EXPECT_EQ(flows.at("sda").failures, 1);
  EXPECT_TRUE(flows.contains("sdb"));
}

TEST(PoolStateTest, TheProcessThatAsksIsNoWorker) {
  Board board(4, {.workers = 2, .slots = 1});
  for (const pid_t pid : {21, 22}) board.set_pid(board.use(), pid);
  const PoolState state = read_pool_state(board, 22);
  ASSERT_EQ(state.workers.size(), 1U);
  EXPECT_EQ(state.workers[0].pid, 21);
}

TEST(MetricsTextTest, EachMetricIsToldOfOnceAndHasItsType) {
  const std::string text = metrics_text(pool(), "1.2");
  std::set<std::string> types;
  std::istringstream lines(text);
  std::string name;
  static const std::regex sample(R"re(([a-z_]+)(\{([a-z]+="[^"\\]*",?)+\})? (-?[0-9.e+-]+))re");
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (line.starts_with("# TYPE ")) {
      name = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(types.insert(name).second) << line;
    } else if (!line.starts_with("# HELP ")) {
      EXPECT_TRUE(line.starts_with(name)) << line;
      if (line.find("+Inf") == std::string::npos) {
        EXPECT_TRUE(std::regex_match(line, match, sample)) << line;
      }
    }
  }
  EXPECT_THAT(text, HasSubstr("ssync_objects_stored_total{device=\"sda\"} 100\n"));
  EXPECT_THAT(text, HasSubstr("ssync_session_wait_seconds_total{device=\"sda\"} 1.5\n"));
  EXPECT_THAT(text, HasSubstr("ssync_device_free_bytes{device=\"sda\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("ssync_sessions{device=\"sdb\",state=\"waiting\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("ssync_session_duration_seconds_bucket{le=\"+Inf\"} 0\n"));
}

TEST(MetricsTextTest, ADeviceThatHadNoSuccessHasNoTimeOfIt) {
  PoolState state = pool();
  state.devices[0].last_success = 0;
  state.devices[0].free_bytes = -1;
  EXPECT_THAT(metrics_text(state, "1"), Not(HasSubstr("ssync_last_success_timestamp_seconds{")));
  EXPECT_THAT(metrics_text(state, "1"), Not(HasSubstr("ssync_device_free_bytes{")));
}

TEST(MetricsTextTest, BucketsAreCumulated) {
  PoolState state = pool();
  auto& seconds = state.distributions[static_cast<std::size_t>(Distribution::session_seconds)];
  for (const double value : {0.005, 0.02, 0.02, 5000.0}) seconds.add(Distribution::session_seconds, value);
  const std::string text = metrics_text(state, "1");
  EXPECT_THAT(text, HasSubstr("_bucket{le=\"0.01\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("ssync_session_duration_seconds_bucket{le=\"0.03\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("ssync_session_duration_seconds_bucket{le=\"3000\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("ssync_session_duration_seconds_bucket{le=\"+Inf\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("ssync_session_duration_seconds_count 4\n"));
}

TEST(MetricsTextTest, NamesThatAreNoUtf8StayApart) {
  PoolState state = pool();
  state.devices = {{.device = "\xc3\xa4"}, {.device = "\xe4"}, {.device = "\xe5"}};
  const std::string text = metrics_text(state, "1");
  for (const char* name : {"\xc3\xa4", R"(\\xe4)", R"(\\xe5)"}) {
    EXPECT_THAT(text, HasSubstr("ssync_reads_total{device=\"" + std::string(name) + "\"} 0\n"));
  }
}

TEST(MetricsTextTest, WithoutSlotsNoneAreFree) {
  PoolState state = pool();
  EXPECT_THAT(metrics_text(state, "1"), HasSubstr("ssync_session_slots_free 2\n"));
  state.room.slots = 0;
  EXPECT_THAT(metrics_text(state, "1"), Not(HasSubstr("ssync_session_slots_free")));
}

TEST(PoolStateTest, TellsHowLongThePoolWaitsBeforeItStartsWorkers) {
  Board board(4, {.workers = 2, .slots = 1});
  EXPECT_FALSE(read_pool_state(board, 1).backoff);
  board.ledger().note_next_start(std::chrono::steady_clock::now() + std::chrono::seconds(100));
  PoolState state = read_pool_state(board, 1);
  ASSERT_TRUE(state.backoff);
  EXPECT_NEAR(*state.backoff, 100, 50);
  state.backoff = 7.5;
  EXPECT_EQ(json::parse(status_json(state, {}, "1"))["pool"]["backoff"], 7.5);
  EXPECT_THAT(metrics_text(state, "1"), HasSubstr("\nssync_worker_backoff_seconds 7.5\n"));
  board.ledger().note_next_start(std::chrono::steady_clock::now() - std::chrono::seconds(1));
  EXPECT_FALSE(read_pool_state(board, 1).backoff) << "they are started at this moment";
  EXPECT_TRUE(json::parse(status_json({}, {}, "1"))["pool"]["backoff"].is_null());
}

TEST(PoolStateTest, TellsWhatIsDrainedOfWhichNoSessionHasBeen) {
  Board board(4, {.workers = 2, .slots = 1});
  EXPECT_EQ(json::parse(status_json(read_pool_state(board, 1), {}, "1"))["pool"]["drained"], false);
  ASSERT_TRUE(board.throttles().set_drained("sda", true));
  json told = json::parse(status_json(read_pool_state(board, 1), {}, "1"));
  ASSERT_EQ(told["devices"].size(), 1U);
  EXPECT_EQ(told["devices"][0]["device"], "sda");
  EXPECT_EQ(told["devices"][0]["drained"], true);
  EXPECT_EQ(told["pool"]["drained"], false);
  ASSERT_TRUE(board.throttles().set_drained("", true));
  EXPECT_EQ(json::parse(status_json(read_pool_state(board, 1), {}, "1"))["pool"]["drained"], true);
}

TEST(MetricsTextTest, QuarantinedObjectsAreCountedByDevice) {
  PoolState state = pool();
  state.devices[0].counts.quarantined = 3;
  EXPECT_THAT(metrics_text(state, "1"), HasSubstr("ssync_objects_quarantined_total{device=\"sda\"} 3\n"));
  EXPECT_EQ(json::parse(status_json(state, {}, "1"))["totals"]["counts"]["quarantined"], 3);
}

TEST(PoolStateTest, ASessionOfADeviceThatNobodyHasLookedAtIsNone) {
  PoolState state = pool();
  BoardView made_up = worker(16, Phase::checking);
  made_up.request = {.method = "SSYNC", .device = "made-up"};
  state.workers.push_back(made_up);
  EXPECT_FALSE(state.flows().contains("made-up"));
  EXPECT_EQ(status_json(state, {}, "1").find("\"device\":\"made-up\",\"drained\""), std::string::npos);
  EXPECT_THAT(metrics_text(state, "1"), Not(HasSubstr("made-up")));
}

TEST(MetricsTextTest, ANameCannotEndItsLabel) {
  PoolState state = pool();
  state.devices[0].device = "a\"} 1\nb\\";
  EXPECT_THAT(metrics_text(state, "1"), HasSubstr("ssync_reads_total{device=\"a\\\"} 1\\nb\\\\\"} 0\n"));
}

TEST(StatusPageTest, IsOneFileThatItsPolicyAllows) {
  EXPECT_TRUE(status_page().starts_with("<!DOCTYPE html>"));
  EXPECT_TRUE(status_page().ends_with("</html>\n"));
  EXPECT_THAT(std::string(status_page_policy()), HasSubstr("default-src 'none'"));
  EXPECT_THAT(std::string(status_page_policy()), Not(HasSubstr("unsafe")));
}

}  // namespace
}  // namespace ssync
