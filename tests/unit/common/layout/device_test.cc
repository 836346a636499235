#include "common/layout/device.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/statvfs.h>

#include <filesystem>
#include <fstream>

#include "common/os/fd.h"
#include "tests/unit/temporary_device.h"

namespace ssync {
namespace {

class UsableDeviceTest : public ::testing::Test {
 protected:
  UsableDeviceTest() {
    settings_.devices = directory_.path();
    std::filesystem::create_directory(path("sda1"));
    std::ofstream(path("file")) << "x";
  }
  [[nodiscard]] std::string path(const std::string& name) const { return directory_.path() + "/" + name; }
  [[nodiscard]] bool usable(const std::string& name) const {
    const auto found = usable_device(settings_, name);
    if (found) {
      EXPECT_EQ(*found, path(name));
    }
    return found.has_value();
  }

  TemporaryDirectory directory_;
  DiskSettings settings_;
};

TEST_F(UsableDeviceTest, IsAnyDirectoryWithoutMountCheck) {
  settings_.mount_check = false;
  EXPECT_TRUE(usable("sda1"));
  EXPECT_FALSE(usable("file"));
  EXPECT_FALSE(usable("sdb1"));
  std::filesystem::create_directory_symlink(path("sda1"), path("link"));
  EXPECT_TRUE(usable("link"));
}

TEST_F(UsableDeviceTest, IsAMountPointWithMountCheck) {
  settings_.mount_check = true;
  EXPECT_FALSE(usable("sda1"));
  EXPECT_FALSE(usable("file"));
  EXPECT_FALSE(usable("sdb1"));
  settings_.devices = "";
  EXPECT_TRUE(usable_device(settings_, "proc"));
}

TEST_F(UsableDeviceTest, TakesAStubForAMount) {
  settings_.mount_check = true;
  std::filesystem::create_directory(path("sda1/.ismount"));
  EXPECT_FALSE(usable("sda1"));
  std::filesystem::remove(path("sda1/.ismount"));
  std::ofstream(path("sda1/.ismount")) << "";
  EXPECT_TRUE(usable("sda1"));
  // A symbolic link is no mount point, but the stub speaks for it too.
  std::filesystem::create_directory_symlink(path("sda1"), path("link"));
  EXPECT_TRUE(usable("link"));
  std::filesystem::remove(path("sda1/.ismount"));
  EXPECT_FALSE(usable("link"));
}

TEST_F(UsableDeviceTest, HasANameThatNeedsNoQuoting) {
  settings_.mount_check = false;
  for (const char* name : {"a+b", "a b", "a%b", "\xc3\xa9"}) {
    std::filesystem::create_directory(path(name));
    EXPECT_FALSE(usable(name)) << name;
  }
  std::filesystem::create_directory(path("a_b-c.d"));
  EXPECT_TRUE(usable("a_b-c.d"));
}

class FreeSpaceTest : public ::testing::Test {
 protected:
  FreeSpaceTest() {
    struct statvfs status {};
    EXPECT_EQ(::statvfs(directory_.path().c_str(), &status), 0);
    free_ = static_cast<double>(status.f_frsize) * static_cast<double>(status.f_bavail);
    free_percent_ = 100.0 * static_cast<double>(status.f_bavail) / static_cast<double>(status.f_blocks);
  }

  TemporaryDirectory directory_;
  double free_ = 0;
  double free_percent_ = 0;
};

TEST_F(FreeSpaceTest, IsNotAskedForWithoutAReserve) {
  EXPECT_TRUE(has_free_space({.amount = 0, .is_percent = false}, directory_.path(), std::int64_t{1} << 60));
  EXPECT_TRUE(has_free_space({.amount = 0, .is_percent = true}, directory_.path(), std::int64_t{1} << 60));
}

// Margins of an eighth: other processes write to the same file system.
TEST_F(FreeSpaceTest, IsMeasuredInBytes) {
  EXPECT_TRUE(has_free_space({.amount = free_ * 0.75, .is_percent = false}, directory_.path(), 0));
  EXPECT_FALSE(has_free_space({.amount = free_ * 1.25, .is_percent = false}, directory_.path(), 0));
  const auto half = static_cast<std::int64_t>(free_ / 2);
  EXPECT_TRUE(has_free_space({.amount = free_ * 0.25, .is_percent = false}, directory_.path(), half));
  EXPECT_FALSE(has_free_space({.amount = free_ * 0.75, .is_percent = false}, directory_.path(), half));
}

TEST_F(FreeSpaceTest, IsMeasuredInPercent) {
  EXPECT_TRUE(has_free_space({.amount = free_percent_ * 0.75, .is_percent = true}, directory_.path(), 0));
  EXPECT_FALSE(has_free_space({.amount = free_percent_ * 1.25, .is_percent = true}, directory_.path(), 0));
  const auto half = static_cast<std::int64_t>(free_ / 2);
  EXPECT_FALSE(has_free_space({.amount = free_percent_ * 0.75, .is_percent = true}, directory_.path(), half));
}

}  // namespace
}  // namespace ssync
