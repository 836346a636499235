#include "worker/replicator/removal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "common/os/errors.h"
#include "tests/unit/temporary_device.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr double kNow = 1700001000;
constexpr std::int64_t kReclaimAge = 500;
constexpr const char* kOld = "1700000001.00000";
constexpr const char* kNew = "1700000900.00000";

HandoffObject object_with(const std::vector<std::string>& names) {
  return {
      .suffix = "", .hash = {}, .names = names, .files = choose_object_files(names, PolicyType::replication)};
}

TEST(RemovalTest, GivesUpOnlyWhatEnoughPrimariesHaveConfirmed) {
  struct Case {
    const char* what;
    std::vector<std::string> names;
    std::size_t confirmed;
    std::size_t required;
    Keeping expected;
  };
  const std::string old_time = kOld;
  const std::string new_time = kNew;
  const std::vector<std::string> data = {old_time + ".data"};
  const std::vector<std::string> deleted = {new_time + ".ts"};
  const std::vector<std::string> long_deleted = {old_time + ".ts"};
  for (const Case& c : std::vector<Case>{
           {"all have it", data, 3, 3, Keeping::not_needed},
           {"one of three lacks it", data, 2, 3, Keeping::unconfirmed},
           {"handoff_delete = 2", data, 2, 2, Keeping::not_needed},
           {"nobody has it", data, 0, 1, Keeping::unconfirmed},
           {"nobody is to have it", data, 0, 0, Keeping::unconfirmed},
           {"a tombstone that all have", deleted, 3, 3, Keeping::not_needed},
           {"a tombstone that one lacks", deleted, 2, 3, Keeping::unconfirmed},
           {"a tombstone past reclaim_age", long_deleted, 0, 3, Keeping::not_needed},
           {"the same, nobody is to have it", long_deleted, 0, 0, Keeping::unconfirmed},
           {"metadata without data", {new_time + ".meta"}, 3, 3, Keeping::not_sendable},
           {"the same past reclaim_age", {old_time + ".meta"}, 0, 3, Keeping::not_needed},
           {"newer metadata beside a tombstone that all have",
            {old_time + ".ts", new_time + ".meta"},
            3,
            3,
            Keeping::not_sendable},
           {"others' files", {"notes.txt"}, 3, 3, Keeping::not_sendable},
           {"others' files with a time", {old_time + ".bak"}, 3, 3, Keeping::not_sendable},
           {"others' files beside an object", {old_time + ".data", "notes.txt"}, 3, 3, Keeping::not_needed},
           {"nothing", {}, 0, 3, Keeping::not_needed},
       }) {
    EXPECT_EQ(reason_to_keep(object_with(c.names), c.confirmed, c.required, kNow, kReclaimAge), c.expected)
        << c.what;
  }
}

class RemovingTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::vector<const HandoffObject*> all(const HandoffContents& contents) const {
    std::vector<const HandoffObject*> objects;
    for (const HandoffObject& object : contents.objects) objects.push_back(&object);
    return objects;
  }
  [[nodiscard]] std::string path() const { return device_.partition().path(); }

  TemporaryDevice device_;
  const ObjectName one_{"a", "c", "one"};
  const ObjectName other_{"a", "c", "other"};
};

TEST_F(RemovingTest, RemovesWhatWasListedAndThePartitionWithIt) {
  device_.add_data(one_, kOld, "x");
  device_.add_meta(one_, kNew);
  device_.add_tombstone(other_, kNew);
  std::ofstream(path() + "/hashes.pkl") << "x";
  std::ofstream(path() + "/.lock-replication") << "";
  const HandoffContents contents = list_handoff(device_.partition());
  const Removed removed = remove_objects(device_.partition(), all(contents));
  EXPECT_EQ(removed.objects, 2U);
  EXPECT_EQ(removed.changed, 0U);
  EXPECT_TRUE(std::filesystem::exists(path()));
  EXPECT_TRUE(remove_partition_if_empty(device_.partition()));
  EXPECT_FALSE(std::filesystem::exists(path()));
  EXPECT_TRUE(remove_partition_if_empty(device_.partition())) << "it is gone";
}

// Of objects PUT into a handoff partition in mid-revert Swift's replicator removed 17 of 1,319 unsent.
TEST_F(RemovingTest, LeavesWhatHasChangedSinceItWasListed) {
  device_.add_data(one_, kOld, "x");
  const HandoffContents contents = list_handoff(device_.partition());
  device_.add_data(one_, kNew, "newer");
  device_.add_data(other_, kNew, "another");
  const Removed removed = remove_objects(device_.partition(), all(contents));
  EXPECT_EQ(removed.objects, 0U);
  EXPECT_EQ(removed.changed, 1U);
  EXPECT_FALSE(remove_partition_if_empty(device_.partition()));
  EXPECT_THAT(device_.files_of(one_), ElementsAre(std::string(kOld) + ".data", std::string(kNew) + ".data"));
  EXPECT_THAT(device_.files_of(other_), ElementsAre(std::string(kNew) + ".data"));
}

TEST_F(RemovingTest, InvalidatesTheHashOfWhatIsLeft) {
  device_.add_data(one_, kOld, "x");
  device_.add_data(other_, kOld, "x");
  const HandoffContents contents = list_handoff(device_.partition());
  std::vector<const HandoffObject*> objects = all(contents);
  objects.resize(1);
  const Removed removed = remove_objects(device_.partition(), objects);
  EXPECT_THAT(device_.invalid_suffixes(), ElementsAre(objects.front()->suffix));
  // In between somebody has hashed it.
  std::filesystem::remove(path() + "/hashes.invalid");
  EXPECT_FALSE(remove_partition_if_empty(device_.partition(), removed.suffixes));
  EXPECT_THAT(device_.invalid_suffixes(), ElementsAre(objects.front()->suffix));
}

// Hashes without what invalidates them would be believed if the partition came to belong here.
TEST_F(RemovingTest, HashesGoBeforeWhatInvalidatesThem) {
  std::filesystem::create_directories(path());
  for (int number = 0; number < 20; ++number) {
    // What cannot be removed as a file is.
    std::filesystem::create_directory(path() + "/.lock-" + std::to_string(number));
  }
  std::ofstream(path() + "/hashes.pkl") << "x";
  EXPECT_THROW(remove_partition_if_empty(device_.partition()), OsError);
  EXPECT_FALSE(std::filesystem::exists(path() + "/hashes.pkl"));
}

TEST_F(RemovingTest, LeavesFilesThatAreNotSwifts) {
  device_.add_data(one_, kOld, "x");
  device_.add_bare_file(one_, "notes.txt");
  device_.add_bare_file(one_, std::string(kNew) + ".bak");
  const HandoffContents contents = list_handoff(device_.partition());
  remove_objects(device_.partition(), all(contents));
  EXPECT_THAT(device_.files_of(one_), ElementsAre(std::string(kNew) + ".bak", "notes.txt"));
  EXPECT_FALSE(remove_partition_if_empty(device_.partition()));
}

TEST_F(RemovingTest, LeavesAPartitionWithSomethingElseInIt) {
  std::filesystem::create_directories(path() + "/abc");
  std::ofstream(path() + "/notes.txt") << "x";
  EXPECT_FALSE(remove_partition_if_empty(device_.partition()));
  EXPECT_FALSE(std::filesystem::exists(path() + "/abc"));
  EXPECT_TRUE(std::filesystem::exists(path() + "/notes.txt"));
}

TEST_F(RemovingTest, AFileInThePlaceOfAHashDirectoryIsLeft) {
  device_.add_data(one_, kOld, "x");
  std::filesystem::create_directories(path() + "/abc");
  std::ofstream(path() + "/abc/" + std::string(29, '0') + "abc") << "x";
  const HandoffContents contents = list_handoff(device_.partition());
  EXPECT_EQ(contents.objects.size(), 1U);
  EXPECT_EQ(contents.not_directories, 1U);
  EXPECT_EQ(remove_objects(device_.partition(), all(contents)).objects, 1U);
  EXPECT_FALSE(remove_partition_if_empty(device_.partition()));
  EXPECT_TRUE(std::filesystem::exists(path() + "/abc/" + std::string(29, '0') + "abc"));
}

TEST_F(RemovingTest, OffersAndContentsAreTheSameOnlyWithEqualTimes) {
  device_.add_data(one_, kOld, "x");
  device_.add_meta(one_, kNew);
  const HandoffContents contents = list_handoff(device_.partition());
  const HandoffObject& object = contents.objects.front();
  Offer offer = Offer::of(object.hash, Timestamp::parse(kOld));
  EXPECT_FALSE(object.is_as_in(offer)) << "without the .meta";
  offer.meta = Timestamp::parse(kNew);
  EXPECT_TRUE(object.is_as_in(offer));
  offer.data = Timestamp::parse(kNew);
  EXPECT_FALSE(object.is_as_in(offer));
}

}  // namespace
}  // namespace ssync
