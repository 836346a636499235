#include "worker/pool/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>

namespace ssync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> names_of(const Ledger& ledger) {
  std::vector<std::string> names;
  for (const DeviceTotals& device : ledger.devices()) names.push_back(device.device);
  return names;
}

TEST(LedgerTest, CountsEachDeviceApart) {
  Ledger ledger;
  EXPECT_THAT(names_of(ledger), IsEmpty());
  ledger.count("sdb", Ledger::Name::checked, {.reads = 2});
  ledger.count("sda", Ledger::Name::checked, {.reads = 1});
  ledger.count("sdb", Ledger::Name::checked, {.stored = 7, .reads = 3});
  EXPECT_THAT(names_of(ledger), ElementsAre("sdb", "sda"));
  EXPECT_EQ(ledger.devices()[0].counts.reads, 5);
  EXPECT_EQ(ledger.devices()[0].counts.stored, 7);
  EXPECT_EQ(ledger.devices()[1].counts.reads, 1);
}

TEST(LedgerTest, KnowsWhenMissingWorkersAreStarted) {
  Ledger ledger;
  EXPECT_EQ(ledger.facts().next_start, std::chrono::steady_clock::time_point());
  const auto when = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  ledger.note_next_start(when);
  EXPECT_EQ(ledger.facts().next_start, when);
}

TEST(LedgerTest, ANameThatNobodyHasLookedAtTakesNoPlace) {
  Ledger ledger;
  ledger.count("sda", Ledger::Name::checked, {.reads = 1});
  ledger.count("made-up", Ledger::Name::unchecked, {.sessions_refused = 1});
  ledger.count("sda", Ledger::Name::unchecked, {.sessions_refused = 1});
  EXPECT_THAT(names_of(ledger), ElementsAre("sda", Ledger::kOtherDevices));
  EXPECT_EQ(ledger.devices()[0].counts.sessions_refused, 1);
  EXPECT_EQ(ledger.devices()[1].counts.sessions_refused, 1);
}

TEST(LedgerTest, MoreDevicesThanItHasPlacesForAreCountedTogether) {
  Ledger ledger;
  for (std::size_t number = 0; number < Ledger::kMostDevices + 3; ++number) {
    ledger.count("d" + std::to_string(number), Ledger::Name::checked, {.reads = 1});
  }
  const auto devices = ledger.devices();
  ASSERT_EQ(devices.size(), Ledger::kMostDevices + 1);
  EXPECT_EQ(devices.back().device, Ledger::kOtherDevices);
  EXPECT_EQ(devices.back().counts.reads, 3);
}

TEST(LedgerTest, ASessionIsCountedWithItsRatesAndCommits) {
  Ledger ledger;
  DistributionTotals commits;
  commits.add(Distribution::commit_seconds, 0.002);
  commits.add(Distribution::commit_seconds, 100);
  ledger.note_session("sda", {.counts = {.sessions = 1, .offered = 50, .stored = 40},
                              .seconds = 2,
                              .list_seconds = 0.5,
                              .update_seconds = 1,
                              .commits = commits,
                              .free_bytes = 5,
                              .size_bytes = 9});
  const DeviceTotals device = ledger.devices().at(0);
  EXPECT_EQ(device.counts.stored, 40);
  EXPECT_GT(device.last_success, 1'700'000'000);
  EXPECT_EQ(device.free_bytes, 5);
  EXPECT_EQ(device.size_bytes, 9);
  EXPECT_THAT(ledger.failures(), IsEmpty());
  EXPECT_EQ(ledger.distribution(Distribution::session_seconds).sum, 2);
  EXPECT_EQ(ledger.distribution(Distribution::list_rate).sum, 100);
  EXPECT_EQ(ledger.distribution(Distribution::update_rate).sum, 40);
  EXPECT_EQ(ledger.distribution(Distribution::commit_seconds).count(), 2);
  EXPECT_EQ(ledger.distribution(Distribution::commit_seconds).counts.back(), 1) << "above all bounds";
}

TEST(LedgerTest, ASessionThatWasCutIsAFailureAndNoSuccess) {
  Ledger ledger;
  ledger.note_session("sda", {.counts = {.sessions = 1, .sessions_cut = 1},
                              .partition = "7",
                              .remote_addr = "10.0.0.1",
                              .failure = "TIMEOUT"});
  EXPECT_EQ(ledger.devices().at(0).last_success, 0);
  EXPECT_EQ(ledger.devices().at(0).free_bytes, -1);
  ASSERT_EQ(ledger.failures().size(), 1U);
  EXPECT_EQ(ledger.failures()[0].partition, "7");
  EXPECT_EQ(ledger.failures()[0].reason, "TIMEOUT");
}

TEST(LedgerTest, TheLatestFailuresAreKept) {
  Ledger ledger;
  for (int number = 0; number < 100; ++number) ledger.note_failure({.reason = std::to_string(number)});
  const auto failures = ledger.failures();
  ASSERT_EQ(failures.size(), Ledger::kMostFailures);
  EXPECT_EQ(failures.front().reason, "99");
  EXPECT_EQ(failures.back().reason, std::to_string(100 - Ledger::kMostFailures));
  ledger.note_failure({.device = std::string(5000, 'd'), .reason = std::string(5000, 'r')});
  EXPECT_EQ(ledger.failures()[0].device.size(), 255U) << "cut to the place that there is";
}

TEST(LedgerTest, AllProcessesCountTogether) {
  Ledger ledger;
  const pid_t child = ::fork();
  if (child == 0) {
    ledger.count("sda", Ledger::Name::checked, {.reads = 2});
    ::_exit(0);
  }
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(ledger.devices().at(0).counts.reads, 2);
}

TEST(TotalsTest, AValueIsCountedUpToTheFirstBoundThatIsNotBelowIt) {
  const auto bounds = bounds_of(Distribution::session_seconds);
  DistributionTotals totals;
  totals.add(Distribution::session_seconds, bounds[2]);
  totals.add(Distribution::session_seconds, bounds[2] * 1.01);
  EXPECT_EQ(totals.counts[2], 1);
  EXPECT_EQ(totals.counts[3], 1);
  for (std::size_t which = 0; which < kDistributions; ++which) {
    const auto one = bounds_of(static_cast<Distribution>(which));
    EXPECT_LE(one.size(), kMostBounds);
    EXPECT_TRUE(std::ranges::is_sorted(one));
  }
}

}  // namespace
}  // namespace ssync
