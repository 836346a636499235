#include "worker/replicator/stats_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ssync {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

PassStats attempted(std::uint64_t count) {
  PassStats stats;
  stats.attempted = count;
  return stats;
}

TEST(StatsLinesTest, HaveSwiftsWords) {
  PassStats stats = attempted(3);
  stats.success = 5;
  stats.failure = 1;
  stats.suffix_count = 8;
  stats.suffix_hash = 3;
  stats.suffix_sync = 1;
  EXPECT_THAT(StatsLines().lines(stats, 12, 4.5, {0.25, 2, 0.5, 1}),
              ElementsAre("3/12 (25.00%) partitions replicated in 4.50s (0.67/sec, 13s remaining)",
                          "5 successes, 1 failures", "8 suffixes checked - 37.50% hashed, 12.50% synced",
                          "Partition times: max 2.0000s, min 0.2500s, med 1.0000s"));
}

TEST(StatsLinesTest, SayWhenNothingWasReplicatedSinceTheLinesBefore) {
  StatsLines lines;
  EXPECT_THAT(lines.lines(attempted(0), 5, 300.125, {}),
              ElementsAre("Nothing replicated for 300.125 seconds."));
  EXPECT_EQ(lines.lines(attempted(2), 5, 600, {1, 2}).size(), 2U);
  EXPECT_THAT(lines.lines(attempted(2), 5, 900, {1, 2}),
              ElementsAre("Nothing replicated for 900.0 seconds."));
  EXPECT_EQ(lines.lines(attempted(3), 5, 1200, {1, 2}).size(), 2U);
}

TEST(StatsLinesTest, SayWhatRemainsInTheLargestUnit) {
  const struct {
    double elapsed;
    const char* remaining;
  } cases[] = {{0, " 0s remaining"},     {60, " 60s remaining"},  {60.5, " 1m remaining"},
               {3600, " 60m remaining"}, {3700, " 1h remaining"}, {1e6, " 277h remaining"}};
  for (const auto& each : cases) {
    EXPECT_THAT(StatsLines().lines(attempted(1), 2, each.elapsed, {})[0], HasSubstr(each.remaining));
  }
}

TEST(StatsLinesTest, NeverDivideByNothing) {
  EXPECT_THAT(StatsLines().lines(attempted(1), 0, 0, {})[0],
              "1/1 (100.00%) partitions replicated in 0.00s (1000000.00/sec, 0s remaining)");
  PassStats stats = attempted(1);
  stats.suffix_count = 1;
  EXPECT_EQ(StatsLines().lines(stats, 1, 1, {}).size(), 3U);
}

}  // namespace
}  // namespace ssync
