#include "worker/replicator/recon_cache.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "common/os/fd.h"
#include "tests/temporary_directory.h"

namespace ssync {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ReconCacheTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return directory_.path() + "/object.recon"; }
  [[nodiscard]] std::string content() const { return read_file(path()); }
  void dump(const char* update) const { dump_recon_cache(parse_json(update), path()); }
  // What a dump that fails says.
  std::string log_of_dump(double lock_seconds) const {
    ::testing::internal::CaptureStdout();
    dump_recon_cache(parse_json(R"({"b": 2})"), path(), lock_seconds);
    return ::testing::internal::GetCapturedStdout();
  }

  // How many descriptors of this process are open on the file.
  [[nodiscard]] int times_open() const {
    int times = 0;
    for (const std::string& name : names_in("/proc/self/fd")) {
      std::error_code gone_meanwhile;
      if (std::filesystem::read_symlink("/proc/self/fd/" + name, gone_meanwhile) == path()) ++times;
    }
    return times;
  }

  TemporaryDirectory directory_;
};

TEST_F(ReconCacheTest, IsMadeAndKeepsTheKeysOfOthers) {
  dump(R"({"b": 1.5, "a": "\u00e9"})");
  EXPECT_EQ(content(), "{\"a\": \"\\u00e9\", \"b\": 1.5}\n");
  dump(R"({"b": [1, null], "c": {"d": true}})");
  EXPECT_EQ(content(), "{\"a\": \"\\u00e9\", \"b\": [1, null], \"c\": {\"d\": true}}\n");
  EXPECT_THAT(names_in(directory_.path()), ElementsAre("object.recon"));
}

TEST_F(ReconCacheTest, MergesOneLevelOfObjectsAndRemovesEmptyOnes) {
  const struct {
    const char* update;
    const char* content;
  } cases[] = {
      {R"({"k": {"a": {"x": 1, "y": 2}, "b": 1}})", R"({"k": {"a": {"x": 1, "y": 2}, "b": 1}})"},
      {R"({"k": {"a": {"z": 3}}})", R"({"k": {"a": {"z": 3}, "b": 1}})"},
      {R"({"k": {"a": {}, "none": {}}})", R"({"k": {"b": 1}})"},
      {R"({"k": 7})", R"({"k": 7})"},
      {R"({"k": {"a": 1}})", R"({"k": {"a": 1}})"},
      {R"({"k": {}, "none": {}})", "{}"},
      {R"({"new": {"a": {}}})", R"({"new": {}})"},
      {"{}", R"({"new": {}})"},
  };
  for (const auto& each : cases) {
    dump(each.update);
    EXPECT_EQ(content(), std::string(each.content) + "\n") << each.update;
  }
}

TEST_F(ReconCacheTest, ThatMakesNoSenseIsReplaced) {
  for (const char* text : {"", "{\"a\": 1", "[1]", "7", "\xff", "{\"a\": NaN}", "\n{\"a\": 1}"}) {
    directory_.write("object.recon", text);
    dump(R"({"b": 2})");
    EXPECT_EQ(content(), "{\"b\": 2}\n") << text;
  }
  directory_.write("object.recon", std::string(100'000, '['));
  dump(R"({"b": 2})");
  EXPECT_EQ(content(), "{\"b\": 2}\n");
  // Of several lines the first one counts.
  directory_.write("object.recon", "{\"a\": 1}\nmore");
  dump(R"({"b": 2})");
  EXPECT_EQ(content(), "{\"a\": 1, \"b\": 2}\n");
}

TEST_F(ReconCacheTest, IsLoaded) {
  EXPECT_EQ(load_recon_cache(path()), Json::object());
  directory_.write("object.recon", "{\"a\": {\"b\": 1}}\n");
  EXPECT_EQ(load_recon_cache(path()).at("a").at("b"), 1);
  directory_.write("object.recon", "no JSON");
  EXPECT_EQ(load_recon_cache(path()), Json::object());
}

TEST_F(ReconCacheTest, IsLeftAloneIfItsLockIsNotHadInTime) {
  directory_.write("object.recon", "{\"a\": 1}\n");
  const Fd other = open_file(path(), O_RDWR);
  ASSERT_EQ(::flock(other.get(), LOCK_EX), 0);
  EXPECT_THAT(log_of_dump(0), HasSubstr("Exception dumping recon cache: 0 seconds: " + path()));
  EXPECT_EQ(content(), "{\"a\": 1}\n");
  EXPECT_THAT(names_in(directory_.path()), ElementsAre("object.recon"));
}

// Who had the lock has put another file in the place of the one that was waited for.
TEST_F(ReconCacheTest, IsReadAfterTheLockIsHad) {
  directory_.write("object.recon", "{\"a\": 1}\n");
  Fd other = open_file(path(), O_RDWR);
  ASSERT_EQ(::flock(other.get(), LOCK_EX), 0);
  std::thread waiting([&] { dump_recon_cache(parse_json(R"({"b": 2})"), path(), 60); });
  while (times_open() < 2) std::this_thread::yield();
  directory_.write("new", "{\"a\": 3}\n");
  std::filesystem::rename(directory_.path() + "/new", path());
  other.reset();
  waiting.join();
  EXPECT_EQ(content(), "{\"a\": 3, \"b\": 2}\n");
}

TEST_F(ReconCacheTest, IsNotLostByWritersBesideEachOther) {
  constexpr int kWriters = 4;
  std::vector<std::thread> writers;
  for (int number = 0; number < kWriters; ++number) {
    writers.emplace_back([this, number] {
      for (int time = 0; time < 5; ++time) {
        Json update = Json::object();
        update["w" + std::to_string(number)]["t" + std::to_string(time)] = time;
        dump_recon_cache(update, path(), 60);
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  const Json values = load_recon_cache(path());
  ASSERT_EQ(values.size(), 4U);
  for (const auto& [name, times] : values.items()) EXPECT_EQ(times.size(), 5U) << name;
}

TEST_F(ReconCacheTest, ThatIsNoFileIsNotWaitedFor) {
  ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
  EXPECT_THAT(log_of_dump(0), AllOf(HasSubstr(path()), HasSubstr("not a regular file; remove it")));
  ::testing::internal::CaptureStdout();
  EXPECT_EQ(load_recon_cache(path()), Json::object());
  EXPECT_THAT(::testing::internal::GetCapturedStdout(),
              HasSubstr("Error reading recon cache file: " + path()));
}

TEST_F(ReconCacheTest, InADirectoryThatIsNotThereIsLogged) {
  std::filesystem::remove(directory_.path());
  EXPECT_THAT(
      log_of_dump(0),
      HasSubstr("Exception dumping recon cache: [Errno 2] No such file or directory: '" + path() + "'"));
}

TEST_F(ReconCacheTest, KeepsTheOwnerOfOthersIfRootWrites) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files to others";
  constexpr uid_t kNobody = 65534;
  const auto owner = [this] {
    struct stat status {};
    EXPECT_EQ(::stat(path().c_str(), &status), 0);
    return status.st_uid;
  };
  dump("{}");
  EXPECT_EQ(owner(), 0U);
  ASSERT_EQ(::chown(path().c_str(), kNobody, kNobody), 0);
  dump("{}");
  EXPECT_EQ(owner(), kNobody);
  std::filesystem::remove(path());
  ASSERT_EQ(::chown(directory_.path().c_str(), kNobody, kNobody), 0);
  dump("{}");
  EXPECT_EQ(owner(), kNobody);
}

}  // namespace
}  // namespace ssync
