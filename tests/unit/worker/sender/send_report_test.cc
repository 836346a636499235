#include "worker/sender/send_report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace ssync {
namespace {

SendReport report() {
  SendReport result;
  result.progress.offered = 10;
  result.progress.wanted = 4;
  result.progress.updates = {
      .put = 2, .post = 1, .deleted = 1, .bytes = 3 << 20, .skipped = 0, .failed = 0, .spoiled = 0};
  result.progress.missing_check_seconds = 0.25;
  result.progress.updates_seconds = 1.5;
  result.seconds = 2;
  result.cpu_seconds = 0.5;
  return result;
}

TEST(SendReportTest, AddsUpFailuresHereAndThere) {
  const std::tuple<std::uint64_t, std::uint64_t, std::string, std::uint64_t> cases[] = {
      {0, 0, "", 0},
      {2, 0, "", 2},
      {0, 0, ":ERROR: 500 b'ERROR: With :UPDATES: 3 failures to 7 successes'", 3},
      {1, 0, ":ERROR: 0 'Too many 100 failures to 7 successes'", 101},
      // A spoiled body is among those that the receiver counts.
      {2, 1, ":ERROR: 500 b'ERROR: With :UPDATES: 3 failures to 7 successes'", 4},
      {2, 2, ":ERROR: 500 b'ERROR: With :UPDATES: 1 failures to 7 successes'", 2},
      {1, 0, " failures to ", 1},
      {0, 0, "99999999999999999999 failures to 1", 0},
  };
  for (const auto& [failed, spoiled, words, expected] : cases) {
    EXPECT_EQ(failures_of({.failed = failed, .spoiled = spoiled}, words), expected) << words;
  }
}

TEST(SendReportTest, IsOneLineOfJson) {
  SendReport told = report();
  const std::string text = json_of(told);
  EXPECT_EQ(text.find('\n'), std::string::npos);
  auto json = nlohmann::json::parse(text);
  EXPECT_EQ(json["offered"], 10);
  EXPECT_EQ(json["wanted"], 4);
  EXPECT_EQ(json["put"], 2);
  EXPECT_EQ(json["post"], 1);
  EXPECT_EQ(json["delete"], 1);
  EXPECT_EQ(json["bytes"], 3 << 20);
  EXPECT_EQ(json["failed"], 0);
  EXPECT_EQ(json["missing_check_seconds"], 0.25);
  EXPECT_EQ(json["updates_seconds"], 1.5);
  EXPECT_EQ(json["seconds"], 2.0);
  EXPECT_EQ(json["objects_per_second"], 5.0);
  EXPECT_EQ(json["cpu_seconds"], 0.5);
  EXPECT_EQ(json["dry_run"], false);
  EXPECT_TRUE(json["status"].is_null());
  told.status = "\xff no UTF-8\n";
  json = nlohmann::json::parse(json_of(told));
  EXPECT_EQ(json["status"], "\xef\xbf\xbd no UTF-8\n");
}

TEST(SendReportTest, IsOneLineForPeople) {
  SendReport told = report();
  EXPECT_EQ(summary_of(told),
            "10 offered, 6 in sync, 4 wanted; sent: 2 PUT, 1 POST, 1 DELETE, 3.0 MiB; 2.00 s, 5 objects/s");
  told.dry_run = true;
  told.failed = 3;
  told.progress.updates.skipped = 2;
  told.progress.updates.bytes = 1023;
  EXPECT_EQ(
      summary_of(told),
      "10 offered, 6 in sync, 4 wanted; to send: 2 PUT, 1 POST, 1 DELETE, 1023 bytes; 2 vanished; 3 FAILED; "
      "2.00 s, 5 objects/s");
}

}  // namespace
}  // namespace ssync
