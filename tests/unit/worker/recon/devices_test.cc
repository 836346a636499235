#include "worker/recon/devices.h"

#include <gtest/gtest.h>
#include <sys/statvfs.h>

#include <filesystem>

#include "common/os/errors.h"
#include "tests/temporary_directory.h"
#include "worker/recon/checksums.h"
#include "worker/recon/swift_version.h"

namespace ssync {
namespace {

class DevicesTest : public ::testing::Test {
 protected:
  void make(const std::string& path) const {
    std::filesystem::create_directories(directory_.path() + "/" + path);
  }

  TemporaryDirectory directory_;
  const std::string& devices_ = directory_.path();
};

TEST_F(DevicesTest, Names) {
  EXPECT_EQ(json_text(device_names(devices_)), R"({")" + devices_ + R"(": []})");
  directory_.write("file", "");
  EXPECT_EQ(json_text(device_names(devices_)), R"({")" + devices_ + R"(": ["file"]})");
  EXPECT_EQ(json_text(device_names("/nowhere")), R"({"/nowhere": null})");
}

TEST_F(DevicesTest, OnlyDirectoriesThatAreNoMountPointsAreUnmounted) {
  directory_.write("file", "");
  make("sda1");
  directory_.write("sda1/.ismount", "");
  EXPECT_EQ(json_text(unmounted_devices(devices_)), "[]");
  make("sdb1");
  EXPECT_EQ(json_text(unmounted_devices(devices_)), R"([{"device": "sdb1", "mounted": false}])");
  EXPECT_THROW(static_cast<void>(unmounted_devices("/nowhere")), OsError);
}

TEST_F(DevicesTest, UsageIsThatOfTheFileSystem) {
  make("sda1");
  EXPECT_EQ(json_text(disk_usage(devices_)),
            R"([{"device": "sda1", "mounted": false, "size": "", "used": "", "avail": ""}])");
  directory_.write("sda1/.ismount", "");
  struct statvfs status {};
  ASSERT_EQ(::statvfs(devices_.c_str(), &status), 0);
  const Json found = disk_usage(devices_);
  ASSERT_EQ(found.size(), 1);
  EXPECT_EQ(found[0]["mounted"], true);
  EXPECT_EQ(found[0]["size"], status.f_bsize * status.f_blocks);
  EXPECT_EQ(found[0]["size"].get<std::uint64_t>(),
            found[0]["used"].get<std::uint64_t>() + found[0]["avail"].get<std::uint64_t>());
}

TEST_F(DevicesTest, QuarantinedAreCountedByPolicy) {
  const char kNothing[] = R"({"objects": 0, "containers": 0, "accounts": 0, "policies": {}})";
  EXPECT_EQ(json_text(quarantined(devices_)), kNothing);
  make("sda1");
  make("sdb1/quarantined/objects");
  EXPECT_EQ(json_text(quarantined(devices_)), kNothing);
  for (const char* path :
       {"objects/a", "objects/b", "objects-1/a", "containers/a", "accounts/a", "other/a"}) {
    make("sda1/quarantined/" + std::string(path));
  }
  directory_.write("sda1/quarantined/objects/file", "");
  make("sdb1/quarantined/objects/c");
  const Json found = quarantined(devices_);
  EXPECT_EQ(found["objects"], 4);
  EXPECT_EQ(found["containers"], 1);
  EXPECT_EQ(found["accounts"], 1);
  EXPECT_EQ(found["policies"], Json({{"0", {{"objects", 3}}}, {"1", {{"objects", 1}}}}));
  EXPECT_FALSE(found.contains("other"));
}

TEST_F(DevicesTest, ChecksumsAreOfTheRingsThatAreThere) {
  const StoragePolicies policies({{.index = 0, .name = "gold", .aliases = {"gold"}, .is_default = true},
                                  {.index = 3, .name = "tin", .aliases = {"tin"}}});
  EXPECT_EQ(json_text(ring_checksums(devices_, policies)), "{}");
  for (const char* name : {"account", "object", "object-3", "object-2"}) {
    directory_.write(std::string(name) + ".ring.gz", "abc");
  }
  const std::string md5 = R"(.ring.gz": "900150983cd24fb0d6963f7d28e17f72")";
  const std::string begin = "\"" + devices_ + "/";
  EXPECT_EQ(
      json_text(ring_checksums(devices_, policies)),
      "{" + begin + "account" + md5 + ", " + begin + "object" + md5 + ", " + begin + "object-3" + md5 + "}");
  make("container.ring.gz");
  EXPECT_TRUE(ring_checksums(devices_, policies)[devices_ + "/container.ring.gz"].is_null());
  EXPECT_EQ(json_text(swift_conf_checksum(devices_)), "{" + begin + "swift.conf\": null}");
}

TEST_F(DevicesTest, TheVersionIsInTheNameOfSwiftsMetadata) {
  const std::string first = devices_ + "/python3*/site-packages";
  const std::string second = devices_ + "/python3/dist-packages";
  const std::string_view places[] = {first, second};
  EXPECT_EQ(installed_swift_version(places), std::nullopt);
  make("python3/dist-packages/swift-2.30.1.egg-info");
  make("python3/dist-packages/swift-bench-1.2.3.egg-info");
  EXPECT_EQ(installed_swift_version(places), "2.30.1");
  make("python3.11/site-packages/swift-2.38.1.dev3-py3.11.egg-info");
  EXPECT_EQ(installed_swift_version(places), "2.38.1.dev3");
  make("python3.11/site-packages/swift-2.36.0.dist-info");
  std::filesystem::remove(devices_ + "/python3.11/site-packages/swift-2.38.1.dev3-py3.11.egg-info");
  EXPECT_EQ(installed_swift_version(places), "2.36.0");
}

}  // namespace
}  // namespace ssync
