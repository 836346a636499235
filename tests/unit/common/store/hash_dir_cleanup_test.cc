#include "common/store/hash_dir_cleanup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "common/layout/timestamp.h"
#include "common/os/errors.h"
#include "common/os/path.h"
#include "tests/unit/temporary_device.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;
using Names = std::vector<std::string>;

class CleanUpTest : public ::testing::Test {
 protected:
  CleanUpTest() { device_.settings().reclaim_age = 1000; }

  // A time so many seconds ago, as a name begins with it.
  static std::string ago(std::int64_t seconds) {
    return Timestamp::now().moved_by(-seconds * 100000).normal();
  }

  Names clean_up(const Names& names) {
    for (const std::string& name : names) device_.add_bare_file(name_, name);
    return clean_up_hash_dir(device_.partition(), device_.hash_dir_of(name_)).names;
  }

  TemporaryDevice device_;
  const ObjectName name_{"a", "c", "o"};
};

struct Survivors {
  const char* why;
  Names present;
  Names left;  // in reverse order
};

// The cases of test_cleanup_ondisk_files_reclaim_* in Swift's test_diskfile.py, and more.
TEST_F(CleanUpTest, RemovesWhatIsObsoleteOrPastReclaiming) {
  const std::string much_older = ago(2000);
  const std::string older = ago(1001);
  const std::string newer = ago(900);
  const std::string newest = ago(10);
  const Survivors cases[] = {
      {"old tombstone", {older + ".ts"}, {}},
      {"fresh tombstone", {newer + ".ts"}, {newer + ".ts"}},
      {"old tombstone beside junk", {"junk", much_older + ".ts"}, {"junk"}},
      {"lone fresh meta", {newer + ".meta"}, {newer + ".meta"}},
      {"fresh meta over an old tombstone", {newer + ".meta", older + ".ts"}, {newer + ".meta"}},
      // lp1534685
      {"lone old meta", {older + ".meta"}, {}},
      {"old meta over an old tombstone", {older + ".meta", much_older + ".ts"}, {}},
      {"old data", {much_older + ".data"}, {much_older + ".data"}},
      {"older data", {newer + ".data", older + ".data"}, {newer + ".data"}},
      {"old tombstone below newer data", {newer + ".data", much_older + ".ts"}, {newer + ".data"}},
      {"old meta with data",
       {older + ".meta", much_older + ".data"},
       {older + ".meta", much_older + ".data"}},
      {"unknown extension older than the data", {older + ".foo", older, newer + ".data"}, {newer + ".data"}},
      {"unknown extension newer than the data",
       {newest + ".foo", newer + ".data"},
       {newest + ".foo", newer + ".data"}},
      {"unknown extension alone, however old", {much_older + ".foo"}, {much_older + ".foo"}},
      {"what rsync leaves",
       {"." + older + ".data.QBCYCU", newer + ".data"},
       {newer + ".data", "." + older + ".data.QBCYCU"}},
  };
  const std::string hash_dir = device_.hash_dir_of(name_);
  for (const Survivors& c : cases) {
    std::filesystem::remove_all(hash_dir);
    EXPECT_EQ(clean_up(c.present), c.left) << c.why;
    Names sorted = c.left;
    std::sort(sorted.begin(), sorted.end());
    EXPECT_EQ(names_in(hash_dir), sorted) << c.why;
    EXPECT_EQ(std::filesystem::exists(hash_dir), !c.left.empty()) << c.why;
  }
}

TEST_F(CleanUpTest, RemovesAnEmptyDirectoryButNotItsSuffix) {
  const std::string hash_dir = device_.hash_dir_of(name_);
  std::filesystem::create_directories(hash_dir);
  EXPECT_THAT(clean_up({}), ElementsAre());
  EXPECT_FALSE(std::filesystem::exists(hash_dir));
  EXPECT_TRUE(std::filesystem::exists(parent_of(hash_dir)));
}

TEST_F(CleanUpTest, FindsNothingWhereNothingIs) {
  EXPECT_THAT(clean_up({}), ElementsAre());
  EXPECT_THAT(names_in(device_.path()), ElementsAre());
}

TEST_F(CleanUpTest, TellsNobodyOfASuffix) {
  clean_up({ago(10) + ".data", ago(900) + ".data"});
  EXPECT_THAT(device_.invalid_suffixes(), ElementsAre());
}

TEST_F(CleanUpTest, FailsOnAFileInTheDirectorysPlace) {
  const std::string hash_dir = device_.hash_dir_of(name_);
  std::filesystem::create_directories(parent_of(hash_dir));
  std::ofstream(hash_dir) << "x";
  try {
    clean_up({});
    FAIL() << "cleaned up";
  } catch (const OsError& error) {
    EXPECT_EQ(error.code(), ENOTDIR);
  }
}

// remove_file() of Swift: what cannot be removed waits for the next clean-up.
TEST_F(CleanUpTest, GoesOnPastWhatCannotBeRemoved) {
  const std::string obsolete = ago(900) + ".data";
  std::filesystem::create_directories(device_.hash_dir_of(name_) + "/" + obsolete + "/inside");
  EXPECT_THAT(clean_up({ago(10) + ".data", ago(950) + ".data"}), ::testing::SizeIs(1));
  EXPECT_THAT(device_.files_of(name_), ::testing::SizeIs(2));
}

}  // namespace
}  // namespace ssync
