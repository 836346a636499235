#include "common/ring/watched_ring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "common/ring/errors.h"
#include "tests/temporary_directory.h"
#include "tests/unit/common/ring/ring_writer.h"

namespace ssync {
namespace {

using ::testing::HasSubstr;

std::string ring_of_version(int version) {
  const std::string device = R"({"id": 0, "zone": 1, "ip": "a", "port": 1, "device": "d"})";
  return ring_format_1(R"({"part_shift": 32, "replica_count": 1, "byteorder": "little", "version": )" +
                           std::to_string(version) + R"(, "devs": [)" + device + "]}",
                       std::string(2, '\0'));
}

class WatchedRingTest : public ::testing::Test {
 protected:
  WatchedRingTest() { replace(ring_of_version(1)); }

  [[nodiscard]] std::string path() const { return directory_.path() + "/object.ring.gz"; }
  // As swift-ring-builder does it: another file under the name.
  void replace(const std::string& bytes) const {
    directory_.write("new", bytes);
    std::filesystem::rename(directory_.path() + "/new", path());
  }
  // What reload() logs.
  static std::string log_of_reload(WatchedRing& ring) {
    ::testing::internal::CaptureStdout();
    EXPECT_FALSE(ring.reload());
    return ::testing::internal::GetCapturedStdout();
  }

  TemporaryDirectory directory_;
};

TEST_F(WatchedRingTest, IsReadAgainWhenItsFileChanges) {
  WatchedRing ring(path());
  EXPECT_FALSE(ring.has_changed());
  EXPECT_FALSE(ring.reload());
  const auto before = ring.get();
  replace(ring_of_version(2));
  EXPECT_TRUE(ring.has_changed());
  EXPECT_EQ(ring.get(), before);
  EXPECT_TRUE(ring.reload());
  EXPECT_FALSE(ring.has_changed());
  EXPECT_EQ(ring.get()->version(), 2);
  // Whoever has the one before still has it.
  EXPECT_EQ(before->version(), 1);
  EXPECT_EQ(before->nodes(0).at(0)->device, "d");
}

TEST_F(WatchedRingTest, NoticesTheTimeAlone) {
  WatchedRing ring(path());
  using std::chrono::seconds;
  std::filesystem::last_write_time(path(), std::filesystem::last_write_time(path()) - seconds(1));
  EXPECT_TRUE(ring.has_changed());
  EXPECT_TRUE(ring.reload());
}

TEST_F(WatchedRingTest, ThatCannotBeReadLeavesTheOneBefore) {
  WatchedRing ring(path());
  replace("no ring");
  EXPECT_TRUE(ring.has_changed());
  const std::string log = log_of_reload(ring);
  EXPECT_THAT(log, HasSubstr(path() + ": "));
  EXPECT_THAT(log, HasSubstr("stays in use"));
  EXPECT_EQ(ring.get()->version(), 1);
  // Once for each change.
  EXPECT_FALSE(ring.has_changed());
  EXPECT_EQ(log_of_reload(ring), "");
  replace(ring_of_version(3));
  EXPECT_TRUE(ring.reload());
  EXPECT_EQ(ring.get()->version(), 3);
}

TEST_F(WatchedRingTest, ThatGoesAwayAndComesBackIsReadAgain) {
  WatchedRing ring(path());
  std::filesystem::rename(path(), directory_.path() + "/away");
  EXPECT_TRUE(ring.has_changed());
  EXPECT_THAT(log_of_reload(ring), HasSubstr("No such file"));
  EXPECT_EQ(log_of_reload(ring), "");
  EXPECT_EQ(ring.get()->version(), 1);
  std::filesystem::rename(directory_.path() + "/away", path());
  EXPECT_TRUE(ring.has_changed());
  EXPECT_TRUE(ring.reload());
}

TEST_F(WatchedRingTest, HasToBeThereAtFirst) {
  EXPECT_THROW(WatchedRing("/nowhere/object.ring.gz"), RingError);
  replace("no ring");
  EXPECT_THROW(WatchedRing{path()}, RingError);
}

TEST_F(WatchedRingTest, IsNeverNullWhileItIsReplaced) {
  WatchedRing ring(path());
  std::atomic<bool> is_over = false;
  std::atomic<int> gets = 0;
  std::thread reader([&] {
    while (!is_over) {
      EXPECT_EQ(ring.get()->nodes(0).size(), 1U);
      ++gets;
    }
  });
  while (gets == 0) std::this_thread::yield();
  for (int version = 2; version < 20; ++version) {
    replace(ring_of_version(version));
    EXPECT_TRUE(ring.reload());
  }
  is_over = true;
  reader.join();
  EXPECT_EQ(ring.get()->version(), 19);
}

}  // namespace
}  // namespace ssync
