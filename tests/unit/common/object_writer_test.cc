#include "common/object_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>

#include "common/disk_file.h"
#include "common/errors.h"
#include "common/partition_power.h"
#include "common/timestamp.h"
#include "tests/unit/temporary_device.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const char kTime[] = "1700000001.00000";

class ObjectWriterTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<ObjectWriter> writer(FileKind kind = FileKind::data, std::int64_t size = 5) {
    return std::make_unique<ObjectWriter>(device_.partition(), name_, kind, size, unsynced_);
  }
  static Metadata metadata(const std::string& time = kTime, const std::string& content_type_time = "") {
    Metadata result;
    result.set("X-Timestamp", time);
    result.set("Content-Length", "5");
    if (!content_type_time.empty()) result.set("Content-Type-Timestamp", content_type_time);
    return result;
  }
  // Everything below the device, files' names with their directories.
  [[nodiscard]] std::vector<std::string> tree() const {
    std::vector<std::string> paths;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(device_.path())) {
      paths.push_back(entry.path().string().substr(device_.path().size() + 1));
    }
    std::sort(paths.begin(), paths.end());
    return paths;
  }
  [[nodiscard]] std::vector<std::string> empty_hash_dir() const {
    const std::string hash = device_.hash_of(name_);
    const std::string suffix = "objects/7/" + hash.substr(29);
    return {"objects", "objects/7", suffix, suffix + "/" + hash};
  }
  void expect_whole_object(const std::string& data) const {
    EXPECT_EQ(read_file(device_.hash_dir_of(name_) + "/" + kTime + ".data"), data);
    DiskFile file(device_.partition(), name_);
    EXPECT_EQ(file.open(ExpiredObjects::refuse, 0), OpenOutcome::open);
  }

  TemporaryDevice device_;
  const ObjectName name_{"a", "c", "o"};
  UnsyncedDirectories unsynced_;
};

TEST_F(ObjectWriterTest, ShowsNothingBeforePublish) {
  auto w = writer();
  EXPECT_EQ(tree(), empty_hash_dir());
  w->write("hel");
  w->write("lo");
  EXPECT_EQ(tree(), empty_hash_dir());
  w->stage(metadata());
  EXPECT_EQ(tree(), empty_hash_dir());
  w->publish();
  EXPECT_THAT(device_.files_of(name_), ElementsAre(std::string(kTime) + ".data"));
  EXPECT_THAT(device_.invalid_suffixes(), ElementsAre(device_.hash_of(name_).substr(29)));
  w.reset();
  expect_whole_object("hello");
  EXPECT_FALSE(std::filesystem::exists(device_.path() + "/tmp"));
}

TEST_F(ObjectWriterTest, LeavesAnEmptyHashDirectoryIfAbandoned) {
  {
    auto w = writer();
    w->write("hello");
    w->stage(metadata());
  }
  EXPECT_EQ(tree(), empty_hash_dir());
}

TEST_F(ObjectWriterTest, StoresTheObjectsName) {
  auto w = writer();
  w->write("hello");
  Metadata lying = metadata();
  lying.set("name", "/another/name/here");
  w->stage(lying);
  w->publish();
  const MetadataRead read = read_metadata(device_.hash_dir_of(name_) + "/" + kTime + ".data");
  EXPECT_EQ(*read.metadata.find("name"), "/a/c/o");
}

TEST_F(ObjectWriterTest, NamesFilesByKindAndTimes) {
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
    w->publish();
    EXPECT_THAT(device_.files_of(name_), ElementsAre(c.name));
  }
}

TEST_F(ObjectWriterTest, RefusesMetadataWithoutATime) {
  auto w = writer(FileKind::data, 0);
  EXPECT_THROW(w->stage(Metadata()), ValueError);
  EXPECT_THROW(w->stage(metadata("soon")), ValueError);
  EXPECT_THROW(w->stage(metadata(kTime, "later")), ValueError);
}

TEST_F(ObjectWriterTest, RemovesWhatItReplaces) {
  device_.add_data(name_, "1700000000.00000", "older");
  device_.add_meta(name_, "1700000000.50000");
  auto w = writer();
  w->write("hello");
  w->stage(metadata());
  w->publish();
  EXPECT_THAT(device_.files_of(name_), ElementsAre(std::string(kTime) + ".data"));
}

// A tombstone past reclaim_age vanishes with its directory; only the suffix's line tells of it.
TEST_F(ObjectWriterTest, RemovesATombstoneThatIsTooOldAlready) {
  auto w = writer(FileKind::tombstone, 0);
  w->stage(metadata("1000000000"));
  w->publish();
  EXPECT_FALSE(std::filesystem::exists(device_.hash_dir_of(name_)));
  EXPECT_TRUE(std::filesystem::exists(parent_of(device_.hash_dir_of(name_))));
  EXPECT_THAT(device_.invalid_suffixes(), ElementsAre(device_.hash_of(name_).substr(29)));
}

TEST_F(ObjectWriterTest, TakesThePlaceOfAFileOfTheSameName) {
  device_.add_data(name_, kTime, "corrupt");
  auto w = writer();
  w->write("hello");
  w->stage(metadata());
  w->publish();
  expect_whole_object("hello");
}

TEST_F(ObjectWriterTest, FailsWhereADirectoryHasItsName) {
  std::filesystem::create_directories(device_.hash_dir_of(name_) + "/" + kTime + ".data");
  auto w = writer();
  w->write("hello");
  w->stage(metadata());
  EXPECT_THROW(w->publish(), OsError);
}

// An O_TMPFILE of a removed directory cannot be linked again by Linux, nor by Swift; but where the
// directory comes back in another place of the tree, the object must.
TEST_F(ObjectWriterTest, RemakesAHashDirectoryThatAnothersCleanUpRemoved) {
  auto w = writer();
  w->write("hello");
  w->stage(metadata());
  std::filesystem::remove_all(device_.partition().path());
  w->publish();
  expect_whole_object("hello");
}

TEST_F(ObjectWriterTest, FailsWhereAFileIsInTheHashDirectorysPlace) {
  std::filesystem::create_directories(parent_of(device_.hash_dir_of(name_)));
  std::ofstream(device_.hash_dir_of(name_)) << "x";
  EXPECT_THROW(writer(), OsError);
}

TEST_F(ObjectWriterTest, RefusesWhatDoesNotFit) {
  device_.settings().fallocate_reserve = {.amount = 100, .is_percent = true};
  EXPECT_THROW(writer(), InsufficientStorage);
  EXPECT_THROW(writer(FileKind::data, 0), InsufficientStorage);
  EXPECT_THROW(writer(FileKind::meta, 0), InsufficientStorage);
  EXPECT_EQ(tree(), empty_hash_dir());
  // Deleting is what makes room.
  EXPECT_NO_THROW(writer(FileKind::tombstone, 0));
  device_.settings().disable_fallocate = true;
  EXPECT_NO_THROW(writer());
}

TEST_F(ObjectWriterTest, RefusesMoreThanTheDeviceHas) {
  EXPECT_THROW(writer(FileKind::data, std::int64_t{1} << 43), InsufficientStorage);
}

TEST_F(ObjectWriterTest, ReservesRoomButNotLength) {
  auto w = writer(FileKind::data, 1 << 20);
  w->write("hello");
  w->stage(metadata());
  w->publish();
  struct stat status {};
  ASSERT_EQ(::stat((device_.hash_dir_of(name_) + "/" + kTime + ".data").c_str(), &status), 0);
  EXPECT_EQ(status.st_size, 5);
}

TEST_F(ObjectWriterTest, IgnoresANegativeSize) { EXPECT_NO_THROW(writer(FileKind::data, -5)); }

TEST_F(ObjectWriterTest, SyncsBigObjectsOnTheWay) {
  device_.settings().bytes_per_sync = 10;
  auto w = writer(FileKind::data, 100);
  for (int i = 0; i < 25; ++i) w->write("abcd");
  Metadata m = metadata();
  m.set("Content-Length", "100");
  w->stage(m);
  w->publish();
  DiskFile file(device_.partition(), name_);
  EXPECT_EQ(file.open(ExpiredObjects::refuse, 0), OpenOutcome::open);
}

TEST_F(ObjectWriterTest, MakesFilesOfSwiftsMode) {
  const mode_t old = ::umask(022);
  auto w = writer();
  ::umask(old);
  w->write("hello");
  w->stage(metadata());
  w->publish();
  struct stat status {};
  ASSERT_EQ(::stat((device_.hash_dir_of(name_) + "/" + kTime + ".data").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0755U);
}

TEST_F(ObjectWriterTest, SaysSoIfMetadataDoNotFit) {
  auto w = writer(FileKind::data, 0);
  Metadata big = metadata();
  big.set("X-Object-Meta-Big", std::string(200000, 'x'));
  EXPECT_THROW(w->stage(big), InsufficientStorage);
  w.reset();
  EXPECT_EQ(tree(), empty_hash_dir());
}

TEST(UnsyncedDirectoriesTest, PassesOverWhatIsGone) {
  const TemporaryDirectory directory;
  UnsyncedDirectories unsynced;
  unsynced.add(directory.path());
  unsynced.add(directory.path() + "/gone");
  EXPECT_NO_THROW(unsynced.sync());
}

TEST(UnsyncedDirectoriesTest, KeepsWhatItCouldNotSync) {
  const TemporaryDirectory directory;
  const std::string file = directory.path() + "/file";
  std::ofstream(file) << "x";
  UnsyncedDirectories unsynced;
  unsynced.add(file);
  EXPECT_THROW(unsynced.sync(), OsError);
  EXPECT_THROW(unsynced.sync(), OsError);
  std::filesystem::remove(file);
  EXPECT_NO_THROW(unsynced.sync());
}

TEST(UnsyncedDirectoriesTest, AddsOnceWhatOthersMade) {
  UnsyncedDirectories unsynced;
  unsynced.add_once("/a");
  unsynced.add_once("/a");
  EXPECT_THAT(unsynced.take(), ElementsAre("/a"));
  unsynced.add_once("/a");
  EXPECT_THAT(unsynced.take(), IsEmpty());
  unsynced.add("/a");
  EXPECT_THAT(unsynced.take(), ElementsAre("/a"));
}

// An earlier session may have made it and stored nothing, and so synced nothing.
TEST_F(ObjectWriterTest, SyncsTheNameOfAHashDirectoryThatWasThere) {
  const std::string suffix_dir = parent_of(device_.hash_dir_of(name_));
  std::filesystem::create_directories(device_.hash_dir_of(name_));
  auto w = writer();
  EXPECT_THAT(unsynced_.take(), ElementsAre(suffix_dir));
  w = writer();
  EXPECT_THAT(unsynced_.take(), IsEmpty());
}

TEST(TemporaryPathTest, IsRemovedUnlessLetGo) {
  const std::string path = ::testing::TempDir() + "temporary_path_test." + std::to_string(::getpid());
  const auto make = [&] { std::ofstream(path) << "x"; };
  make();
  {
    TemporaryPath temporary;
    temporary.set(path);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  make();
  {
    TemporaryPath temporary;
    temporary.set(path);
    temporary.let_go();
  }
  EXPECT_TRUE(std::filesystem::remove(path));
}

class FragmentWriterTest : public ::testing::Test {
 protected:
  FragmentWriterTest() { device_.settings().reclaim_age = std::int64_t{1} << 40; }

  void write(Durability durability, const std::string& next_part_power = "") {
    ObjectWriter writer(device_.partition(), name_, FileKind::data, 0, unsynced_, next_part_power);
    Metadata metadata;
    metadata.set("X-Timestamp", kTime);
    writer.stage(metadata, 2);
    writer.publish(durability);
  }

  TemporaryDevice device_{2};
  const ObjectName name_{"a", "c", "o"};
  UnsyncedDirectories unsynced_;
};

TEST_F(FragmentWriterTest, CommitsAndCleansUp) {
  device_.add_bare_file(name_, "1700000000.00000#2#d.data");
  write(Durability::durable);
  EXPECT_THAT(device_.files_of(name_), ElementsAre("1700000001.00000#2#d.data"));
}

TEST_F(FragmentWriterTest, LeavesAnUndecidedFragmentBesideTheDurable) {
  device_.add_bare_file(name_, "1700000000.00000#2#d.data");
  write(Durability::undecided);
  EXPECT_THAT(device_.files_of(name_), ElementsAre("1700000000.00000#2#d.data", "1700000001.00000#2.data"));
}

TEST_F(FragmentWriterTest, ReplacesItsUndecidedSelf) {
  write(Durability::undecided);
  write(Durability::durable);
  EXPECT_THAT(device_.files_of(name_), ElementsAre("1700000001.00000#2#d.data"));
}

TEST_F(FragmentWriterTest, CommitsInBothPartitions) {
  const std::string twin = hash_dir_at_power(device_.partition(), device_.hash_of(name_), 20);
  write(Durability::undecided, "20");
  EXPECT_THAT(names_in(twin), ElementsAre("1700000001.00000#2.data"));
  write(Durability::durable, "20");
  EXPECT_THAT(device_.files_of(name_), ElementsAre("1700000001.00000#2#d.data"));
  EXPECT_THAT(names_in(twin), ElementsAre("1700000001.00000#2#d.data"));
}

TEST_F(ObjectWriterTest, LinksIntoTheNextPartition) {
  device_.settings().reclaim_age = std::int64_t{1} << 40;
  const std::string twin = hash_dir_at_power(device_.partition(), device_.hash_of(name_), 20);
  std::filesystem::create_directories(twin);
  std::ofstream(twin + "/1700000000.00000.data") << "older";
  ObjectWriter writer(device_.partition(), name_, FileKind::tombstone, 0, unsynced_, "20");
  writer.stage(metadata());
  writer.publish();
  EXPECT_THAT(device_.files_of(name_), ElementsAre(std::string(kTime) + ".ts"));
  EXPECT_THAT(names_in(twin), ElementsAre(std::string(kTime) + ".ts"));
}

TEST_F(ObjectWriterTest, StoresTheObjectBeforeItRefusesAPartitionPower) {
  ObjectWriter writer(device_.partition(), name_, FileKind::data, 0, unsynced_, "x");
  Metadata empty = metadata();
  empty.set("Content-Length", "0");
  writer.stage(empty);
  EXPECT_THROW(writer.publish(), ValueError);
  expect_whole_object("");
}

}  // namespace
}  // namespace ssync
