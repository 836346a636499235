#include "common/store/publish.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>

#include "common/layout/partition_power.h"
#include "common/layout/timestamp.h"
#include "common/os/errors.h"
#include "common/os/path.h"
#include "common/python/errors.h"
#include "common/store/disk_file.h"
#include "tests/unit/common/store/staged_file_fixture.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;

class PublishTest : public StagedFileFixture {
 protected:
  void expect_whole_object(const std::string& data) const {
    EXPECT_EQ(read_file(device_.hash_dir_of(name_) + "/" + kTime + ".data"), data);
    DiskFile file(device_.partition(), name_);
    EXPECT_EQ(file.open(ExpiredObjects::refuse, 0), OpenOutcome::open);
  }
};

TEST_F(PublishTest, ShowsNothingBeforePublish) {
  auto w = writer();
  EXPECT_EQ(tree(), empty_hash_dir());
  w->write("hel");
  w->write("lo");
  EXPECT_EQ(tree(), empty_hash_dir());
  w->stage(metadata());
  EXPECT_EQ(tree(), empty_hash_dir());
  publish(*w);
  EXPECT_THAT(device_.files_of(name_), ElementsAre(std::string(kTime) + ".data"));
  EXPECT_THAT(device_.invalid_suffixes(), ElementsAre(device_.hash_of(name_).substr(29)));
  w.reset();
  expect_whole_object("hello");
  EXPECT_FALSE(std::filesystem::exists(device_.path() + "/tmp"));
}

TEST_F(PublishTest, StoresTheObjectsName) {
  auto w = writer();
  w->write("hello");
  Metadata lying = metadata();
  lying.set("name", "/another/name/here");
  w->stage(lying);
  publish(*w);
  const MetadataRead read = read_metadata(device_.hash_dir_of(name_) + "/" + kTime + ".data");
  EXPECT_EQ(*read.metadata.find("name"), "/a/c/o");
}

TEST_F(PublishTest, NamesFilesByKindAndTimes) {
  struct Case {
    FileKind kind;
    const char* time;
    const char* content_type_time;
    const char* name;
  };
  const Case cases[] = {
      {FileKind::data, "1.7e9", "", "1700000000.00000.data"},
      {FileKind::data, "1700000000.00000_5", "", "1700000000.00000_0000000000000005.data"},
      {FileKind::data, "1700000000", "1700000001", "1700000000.00000.data"},
      {FileKind::tombstone, "1700000000", "", "1700000000.00000.ts"},
      {FileKind::meta, "1700000000", "", "1700000000.00000.meta"},
      {FileKind::meta, "1700000000", "1700000000", "1700000000.00000+0.meta"},
      {FileKind::meta, "1700000000", "1699999999", "1700000000.00000-186a0.meta"},
      {FileKind::meta, "1700000000_5", "1700000001", "1700000000.00000_5+186a0.meta"},
  };
  device_.settings().reclaim_age = std::int64_t{1} << 40;  // or a lone .meta would not stay
  for (const Case& c : cases) {
    std::filesystem::remove_all(device_.path() + "/objects");
    auto w = writer(c.kind, 0);
    w->stage(metadata(c.time, c.content_type_time));
    publish(*w);
    EXPECT_THAT(device_.files_of(name_), ElementsAre(c.name));
  }
}

TEST_F(PublishTest, RemovesWhatItReplaces) {
  device_.add_data(name_, "1700000000.00000", "older");
  device_.add_meta(name_, "1700000000.50000");
  auto w = writer();
  w->write("hello");
  w->stage(metadata());
  publish(*w);
  EXPECT_THAT(device_.files_of(name_), ElementsAre(std::string(kTime) + ".data"));
}

// A tombstone past reclaim_age vanishes with its directory; only the suffix's line tells of it.
TEST_F(PublishTest, RemovesATombstoneThatIsTooOldAlready) {
  auto w = writer(FileKind::tombstone, 0);
  w->stage(metadata("1000000000"));
  publish(*w);
  EXPECT_FALSE(std::filesystem::exists(device_.hash_dir_of(name_)));
  EXPECT_TRUE(std::filesystem::exists(parent_of(device_.hash_dir_of(name_))));
  EXPECT_THAT(device_.invalid_suffixes(), ElementsAre(device_.hash_of(name_).substr(29)));
}

TEST_F(PublishTest, TakesThePlaceOfAFileOfTheSameName) {
  device_.add_data(name_, kTime, "corrupt");
  auto w = writer();
  w->write("hello");
  w->stage(metadata());
  publish(*w);
  expect_whole_object("hello");
}

TEST_F(PublishTest, FailsWhereADirectoryHasItsName) {
  std::filesystem::create_directories(device_.hash_dir_of(name_) + "/" + kTime + ".data");
  auto w = writer();
  w->write("hello");
  w->stage(metadata());
  EXPECT_THROW(publish(*w), OsError);
}

// An O_TMPFILE of a removed directory cannot be linked again by Linux, nor by Swift; but where the
// directory comes back in another place of the tree, the object must.
TEST_F(PublishTest, RemakesAHashDirectoryThatAnothersCleanUpRemoved) {
  auto w = writer();
  w->write("hello");
  w->stage(metadata());
  std::filesystem::remove_all(device_.partition().path());
  publish(*w);
  expect_whole_object("hello");
}

TEST_F(PublishTest, ReservesRoomButNotLength) {
  auto w = writer(FileKind::data, 1 << 20);
  w->write("hello");
  w->stage(metadata());
  publish(*w);
  struct stat status {};
  ASSERT_EQ(::stat((device_.hash_dir_of(name_) + "/" + kTime + ".data").c_str(), &status), 0);
  EXPECT_EQ(status.st_size, 5);
}

TEST_F(PublishTest, SyncsBigObjectsOnTheWay) {
  device_.settings().bytes_per_sync = 10;
  auto w = writer(FileKind::data, 100);
  for (int i = 0; i < 25; ++i) w->write("abcd");
  Metadata m = metadata();
  m.set("Content-Length", "100");
  w->stage(m);
  publish(*w);
  DiskFile file(device_.partition(), name_);
  EXPECT_EQ(file.open(ExpiredObjects::refuse, 0), OpenOutcome::open);
}

TEST_F(PublishTest, MakesFilesOfSwiftsMode) {
  const mode_t old = ::umask(022);
  auto w = writer();
  ::umask(old);
  w->write("hello");
  w->stage(metadata());
  publish(*w);
  struct stat status {};
  ASSERT_EQ(::stat((device_.hash_dir_of(name_) + "/" + kTime + ".data").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0755U);
}

class PublishFragmentTest : public ::testing::Test {
 protected:
  PublishFragmentTest() { device_.settings().reclaim_age = std::int64_t{1} << 40; }

  void write(Durability durability, const std::string& next_part_power = "") {
    StagedFile file(device_.partition(), name_, FileKind::data, 0, unsynced_);
    Metadata metadata;
    metadata.set("X-Timestamp", kTime);
    file.stage(metadata, 2);
    publish(file, durability, PowerIncrease::from_header(device_.partition(), name_, next_part_power));
  }

  TemporaryDevice device_{2};
  const ObjectName name_{"a", "c", "o"};
  UnsyncedDirectories unsynced_;
};

TEST_F(PublishFragmentTest, CommitsAndCleansUp) {
  device_.add_bare_file(name_, "1700000000.00000#2#d.data");
  write(Durability::durable);
  EXPECT_THAT(device_.files_of(name_), ElementsAre("1700000001.00000#2#d.data"));
}

TEST_F(PublishFragmentTest, LeavesAnUndecidedFragmentBesideTheDurable) {
  device_.add_bare_file(name_, "1700000000.00000#2#d.data");
  write(Durability::undecided);
  EXPECT_THAT(device_.files_of(name_), ElementsAre("1700000000.00000#2#d.data", "1700000001.00000#2.data"));
}

TEST_F(PublishFragmentTest, ReplacesItsUndecidedSelf) {
  write(Durability::undecided);
  write(Durability::durable);
  EXPECT_THAT(device_.files_of(name_), ElementsAre("1700000001.00000#2#d.data"));
}

TEST_F(PublishFragmentTest, CommitsInBothPartitions) {
  const std::string twin = hash_dir_at_power(device_.partition(), device_.hash_of(name_), 20);
  write(Durability::undecided, "20");
  EXPECT_THAT(names_in(twin), ElementsAre("1700000001.00000#2.data"));
  write(Durability::durable, "20");
  EXPECT_THAT(device_.files_of(name_), ElementsAre("1700000001.00000#2#d.data"));
  EXPECT_THAT(names_in(twin), ElementsAre("1700000001.00000#2#d.data"));
}

// 2.37; 2.30.1 only logs it. A link that was not made is left to the relinker.
TEST_F(PublishFragmentTest, FailsWithTheSecondName) {
  const std::string twin = hash_dir_at_power(device_.partition(), device_.hash_of(name_), 20);
  std::filesystem::create_directories(twin + "/1700000001.00000#2#d.data/x");
  EXPECT_THROW(write(Durability::durable, "20"), OsError);
  EXPECT_THAT(device_.files_of(name_), ElementsAre("1700000001.00000#2#d.data"));

  // Nothing is there, and nothing can be.
  std::filesystem::remove_all(parent_of(twin));
  std::filesystem::create_symlink("nowhere", parent_of(twin));
  write(Durability::durable, "20");
  EXPECT_THAT(device_.files_of(name_), ElementsAre("1700000001.00000#2#d.data"));
}

TEST_F(PublishTest, LinksIntoTheNextPartition) {
  device_.settings().reclaim_age = std::int64_t{1} << 40;
  const std::string twin = hash_dir_at_power(device_.partition(), device_.hash_of(name_), 20);
  std::filesystem::create_directories(twin);
  std::ofstream(twin + "/1700000000.00000.data") << "older";
  auto w = writer(FileKind::tombstone, 0);
  w->stage(metadata());
  publish(*w, Durability::durable, PowerIncrease::from_header(device_.partition(), name_, "20"));
  EXPECT_THAT(device_.files_of(name_), ElementsAre(std::string(kTime) + ".ts"));
  EXPECT_THAT(names_in(twin), ElementsAre(std::string(kTime) + ".ts"));
}

TEST_F(PublishTest, StoresTheObjectBeforeItRefusesAPartitionPower) {
  auto w = writer(FileKind::data, 0);
  Metadata empty = metadata();
  empty.set("Content-Length", "0");
  w->stage(empty);
  const auto increase = PowerIncrease::from_header(device_.partition(), name_, "x");
  EXPECT_THROW(publish(*w, Durability::durable, increase), ValueError);
  expect_whole_object("");
}

}  // namespace
}  // namespace ssync
