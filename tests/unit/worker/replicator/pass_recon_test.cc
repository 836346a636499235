#include "worker/replicator/pass_recon.h"

#include <gtest/gtest.h>

namespace ssync {
namespace {

PassStats attempted(std::uint64_t count) {
  PassStats stats;
  stats.attempted = count;
  return stats;
}

std::string stats_text(int count) {
  return R"({"attempted": )" + std::to_string(count) +
         R"(, "failure": 0, "hashmatch": 0, "remove": 0, "rsync": 0, "success": 0, "suffix_count": 0, )"
         R"("suffix_hash": 0, "suffix_sync": 0, "failure_nodes": {}})";
}

std::string pass_text(int count, const std::string& minutes, const std::string& time) {
  return R"({"replication_stats": )" + stats_text(count) + R"(, "replication_time": )" + minutes +
         R"(, "replication_last": )" + time + R"(, "object_replication_time": )" + minutes +
         R"(, "object_replication_last": )" + time + "}";
}

TEST(PassReconTest, HasNewAndOldNames) {
  EXPECT_EQ(json_text(pass_recon(attempted(3), {1700000000.5, 0.25})), pass_text(3, "0.25", "1700000000.5"));
}

TEST(PassReconTest, IsByDeviceForAProcessThatHasSome) {
  EXPECT_EQ(json_text(pass_recon_per_disk({{"sda", attempted(1)}, {"sdb", attempted(2)}}, {7, 0.5})),
            R"({"object_replication_per_disk": {"sda": )" + pass_text(1, "0.5", "7.0") + R"(, "sdb": )" +
                pass_text(2, "0.5", "7.0") + "}}");
  EXPECT_EQ(json_text(pass_recon_per_disk({}, {7, 0.5})), R"({"object_replication_per_disk": {}})");
}

TEST(PassReconTest, IsPutTogetherOnceAllDevicesAreThere) {
  const Json cache = parse_json(R"({"object_replication_per_disk": {"sda": )" + pass_text(1, "0.5", "8.0") +
                                R"(, "sdb": )" + pass_text(2, "0.25", "9.0") + "}}");
  EXPECT_EQ(json_text(aggregated_recon(cache, {"sda", "sdb"})), pass_text(3, "0.25", "8.0"));
  EXPECT_EQ(json_text(aggregated_recon(cache, {"sda", "sdb", "sdc"})), "{}");
  // One that has gone counts a last time.
  std::string with_removal = pass_text(3, "0.25", "8.0");
  with_removal.insert(with_removal.size() - 1, R"(, "object_replication_per_disk": {"sdb": {}})");
  EXPECT_EQ(json_text(aggregated_recon(cache, {"sda"})), with_removal);
}

TEST(PassReconTest, IsNothingWithoutDevicesOrSense) {
  for (const char* text : {"{}", "[]", R"({"object_replication_per_disk": 7})"}) {
    EXPECT_EQ(json_text(aggregated_recon(parse_json(text), {})), "{}") << text;
    EXPECT_EQ(json_text(aggregated_recon(parse_json(text), {"sda"})), "{}") << text;
  }
  const Json cache =
      parse_json(R"({"object_replication_per_disk": {"sda": 7, "sdb": {"replication_stats": 1}}})");
  EXPECT_EQ(json_text(aggregated_recon(cache, {"sda", "sdb"})), pass_text(0, "0.0", "0.0"));
}

}  // namespace
}  // namespace ssync
