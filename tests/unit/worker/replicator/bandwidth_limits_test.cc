#include "worker/replicator/bandwidth_limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ssync {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::int64_t kMebi = 1024 * 1024;

ReplicatorSettings settings_of(std::int64_t per_peer, std::int64_t per_device) {
  ReplicatorSettings settings;
  settings.bandwidth_per_peer = per_peer;
  settings.bandwidth_per_device = per_device;
  return settings;
}

TEST(BandwidthLimitsTest, ThereAreNoneByDefault) {
  BandwidthLimits limits(ReplicatorSettings(), 1);
  EXPECT_THAT(limits.of_session("sda1", "10.0.0.2:6200/sdb1"), IsEmpty());
}

TEST(BandwidthLimitsTest, SessionsShareThoseOfTheirDevices) {
  BandwidthLimits limits(settings_of(10 * kMebi, 20 * kMebi), 1);
  const auto one = limits.of_session("sda1", "10.0.0.2:6200/sdb1");
  ASSERT_THAT(one, SizeIs(2));
  EXPECT_EQ(one[0]->bytes_of_turn(), static_cast<std::size_t>(kMebi));
  EXPECT_EQ(one[1]->bytes_of_turn(), static_cast<std::size_t>(2 * kMebi));
  EXPECT_EQ(limits.of_session("sda1", "10.0.0.2:6200/sdb1"), one);
  const auto to_another = limits.of_session("sda1", "10.0.0.2:6200/sdc1");
  EXPECT_NE(to_another[0], one[0]);
  EXPECT_EQ(to_another[1], one[1]);
  const auto from_another = limits.of_session("sdd1", "10.0.0.2:6200/sdb1");
  EXPECT_EQ(from_another[0], one[0]);
  EXPECT_NE(from_another[1], one[1]);
}

TEST(BandwidthLimitsTest, EachMayBeSetAlone) {
  BandwidthLimits peers(settings_of(10 * kMebi, 0), 1);
  ASSERT_THAT(peers.of_session("sda1", "p"), SizeIs(1));
  EXPECT_EQ(peers.of_session("sda1", "p"), peers.of_session("sdb1", "p"));
  BandwidthLimits devices(settings_of(0, 10 * kMebi), 1);
  ASSERT_THAT(devices.of_session("sda1", "p"), SizeIs(1));
  EXPECT_EQ(devices.of_session("sda1", "p"), devices.of_session("sda1", "q"));
}

TEST(BandwidthLimitsTest, ProcessesShareThatOfAPeer) {
  const ReplicatorSettings settings = settings_of(12 * kMebi, 12 * kMebi);
  BandwidthLimits limits(settings, 4);
  const auto one = limits.of_session("sda1", "p");
  EXPECT_EQ(one[0]->bytes_of_turn(), static_cast<std::size_t>(3 * kMebi / 10));
  EXPECT_EQ(one[1]->bytes_of_turn(), static_cast<std::size_t>(12 * kMebi / 10));
  EXPECT_EQ(bandwidth_per_peer_of_each(settings, 4), 3 * kMebi);
  EXPECT_EQ(bandwidth_per_peer_of_each(settings_of(65536, 0), 64), BandwidthLimit::kLeastEach);
  EXPECT_EQ(bandwidth_per_peer_of_each(settings_of(0, 1), 4), 0);
}

}  // namespace
}  // namespace ssync
