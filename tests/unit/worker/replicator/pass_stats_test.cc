#include "worker/replicator/pass_stats.h"

#include <gtest/gtest.h>

namespace ssync {
namespace {

PassStats some_stats() {
  PassStats stats;
  stats.attempted = 1;
  stats.hashmatch = 2;
  stats.remove = 3;
  stats.rsync = 4;
  stats.success = 5;
  stats.suffix_count = 6;
  stats.suffix_hash = 7;
  stats.suffix_sync = 8;
  stats.add_failures({{"10.0.0.1", "sda"}, {"10.0.0.1", "sdb"}, {"10.0.0.2", "sda"}});
  return stats;
}

TEST(PassStatsTest, CountsFailuresByAddressAndDevice) {
  PassStats stats = some_stats();
  EXPECT_EQ(stats.failure, 3U);
  stats.add_failures({{"10.0.0.1", "sda"}});
  stats.add_failures({});
  EXPECT_EQ(stats.failure, 4U);
  EXPECT_EQ(stats.failure_nodes.at("10.0.0.1").at("sda"), 2U);
  EXPECT_EQ(stats.failure_nodes.at("10.0.0.1").at("sdb"), 1U);
  EXPECT_EQ(stats.failure_nodes.at("10.0.0.2").at("sda"), 1U);
}

TEST(PassStatsTest, AreAddedUp) {
  PassStats sum = some_stats();
  PassStats other = some_stats();
  other.add_failures({{"10.0.0.3", "sdc"}});
  sum += other;
  EXPECT_EQ(json_text(to_recon(sum)),
            R"({"attempted": 2, "failure": 7, "hashmatch": 4, "remove": 6, "rsync": 8, "success": 10, )"
            R"("suffix_count": 12, "suffix_hash": 14, "suffix_sync": 16, "failure_nodes": )"
            R"({"10.0.0.1": {"sda": 2, "sdb": 2}, "10.0.0.2": {"sda": 2}, "10.0.0.3": {"sdc": 1}}})");
}

TEST(PassStatsTest, AreReadAgainFromRecon) {
  EXPECT_EQ(stats_from_recon(to_recon(some_stats())), some_stats());
  EXPECT_EQ(stats_from_recon(to_recon(PassStats())), PassStats());
}

TEST(PassStatsTest, OfWhatMakesNoSenseAreZero) {
  for (const char* text :
       {"[]", "7", "null", "{}", R"({"attempted": -1, "failure": "x", "failure_nodes": []})",
        R"({"success": 1.5, "failure_nodes": {"10.0.0.1": 7}, "more": 1})"}) {
    EXPECT_EQ(stats_from_recon(parse_json(text)), PassStats()) << text;
  }
}

}  // namespace
}  // namespace ssync
