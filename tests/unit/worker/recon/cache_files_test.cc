#include "worker/recon/cache_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/temporary_directory.h"
#include "worker/recon/regular_file.h"

namespace ssync {
namespace {

class CacheFilesTest : public ::testing::Test {
 protected:
  std::string values() {
    constexpr std::string_view kKeys[] = {"b", "a"};
    return json_text(cached_values(directory_.path() + "/object.recon", kKeys, MissingCache::is_logged));
  }

  TemporaryDirectory directory_;
};

TEST_F(CacheFilesTest, GivesTheKeysThatAreAskedFor) {
  directory_.write("object.recon", R"({"a": {"y": 1, "x": [1.5]}, "c": 3})");
  EXPECT_EQ(values(), R"({"b": null, "a": {"y": 1, "x": [1.5]}})");
}

TEST_F(CacheFilesTest, WhatMakesNoSenseIsNothing) {
  EXPECT_EQ(values(), R"({"b": null, "a": null})") << "not there";
  for (const char* text : {"", "[1]", "{\"a\": 1", "{\"a\": \"\xff\"}", "7"}) {
    directory_.write("object.recon", text);
    EXPECT_EQ(values(), R"({"b": null, "a": null})") << text;
  }
  directory_.write("object.recon", std::string(1'000'000, '['));
  EXPECT_EQ(values(), R"({"b": null, "a": null})") << "deep";
  directory_.write("object.recon", R"({"a": 1})" + std::string(kLargestFile, ' '));
  EXPECT_EQ(values(), R"({"b": null, "a": null})") << "huge";
}

TEST_F(CacheFilesTest, WhatIsNoFileIsNothing) {
  const std::string path = directory_.path() + "/object.recon";
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(values(), R"({"b": null, "a": null})") << "a FIFO";
  std::filesystem::remove(path);
  std::filesystem::create_directory(path);
  EXPECT_EQ(values(), R"({"b": null, "a": null})") << "a directory";
  std::filesystem::remove(path);
  std::filesystem::create_symlink("/dev/zero", path);
  EXPECT_EQ(values(), R"({"b": null, "a": null})") << "a device";
}

TEST_F(CacheFilesTest, ALinkIsFollowedAsInSwift) {
  directory_.write("elsewhere", R"({"a": 1})");
  std::filesystem::create_symlink("elsewhere", directory_.path() + "/object.recon");
  EXPECT_EQ(values(), R"({"b": null, "a": 1})");
}

}  // namespace
}  // namespace ssync
