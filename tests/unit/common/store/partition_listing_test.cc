#include "common/store/partition_listing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "common/os/errors.h"
#include "tests/unit/temporary_device.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;
using Names = std::vector<std::string>;

constexpr double kNow = 1700001000;
const std::string kRest(29, '0');

class PartitionListingTest : public ::testing::Test {
 protected:
  PartitionListingTest() { device_.settings().reclaim_age = 1000; }

  void add(const std::string& suffix, const std::string& hash, const std::string& name) const {
    const std::string directory = device_.partition().path() + "/" + suffix + "/" + hash;
    std::filesystem::create_directories(directory);
    std::ofstream(directory + "/" + name) << "";
  }

  // "<hash> <main file>", or what an error says.
  Names list(std::vector<std::string> suffixes = {}) const {
    PartitionListing listing(device_.partition(), std::move(suffixes), {}, kNow);
    Names found;
    ListedObject object;
    for (;;) {
      try {
        if (!listing.next(object)) return found;
        const auto& file = object.files.data ? object.files.data : object.files.tombstone;
        found.push_back(object.hash.substr(0, 1) + object.hash.substr(29) + " " + file->name);
      } catch (const OsError& error) {
        found.push_back("errno " + std::to_string(error.code()));
      }
    }
  }

  TemporaryDevice device_;
};

TEST_F(PartitionListingTest, YieldsObjectsInOrder) {
  add("fff", "1" + kRest.substr(1) + "fff", "1700000000.00000.data");
  add("0a1", "2" + kRest.substr(1) + "0a1", "1700000000.00000.data");
  add("0a1", "1" + kRest.substr(1) + "0a1", "1700000500.00000.ts");
  add("0a1", "1" + kRest.substr(1) + "0a1", "1700000001.00000.data");
  EXPECT_THAT(list(), ElementsAre("10a1 1700000500.00000.ts", "20a1 1700000000.00000.data",
                                  "1fff 1700000000.00000.data"));
  EXPECT_THAT(list({"fff", "abc"}), ElementsAre("1fff 1700000000.00000.data"));
}

TEST_F(PartitionListingTest, PassesOverWhatCannotBeSent) {
  const std::string hash = kRest + "abc";
  add("abc", hash, "1700000500.00000.meta");
  add("abc", "1" + kRest.substr(1) + "abc", "junk");
  add("abc", "2" + kRest.substr(1) + "abc", "1699999999.00000.ts");
  add("abc", "3" + kRest.substr(1) + "abd", "1700000500.00000.data");
  add("abc", "short", "1700000500.00000.data");
  add("ABC", kRest + "ABC", "1700000500.00000.data");
  add("abcd", kRest + "bcd", "1700000500.00000.data");
  std::filesystem::create_directories(device_.partition().path() + "/abc/4" + kRest.substr(1) + "abc");
  std::ofstream(device_.partition().path() + "/hashes.pkl") << "";
  add("abc", "5" + kRest.substr(1) + "abc", "1700000000.00000.ts");
  EXPECT_THAT(list(), ElementsAre("5abc 1700000000.00000.ts"));
  // All of it is still there.
  EXPECT_EQ(names_in(device_.partition().path() + "/abc").size(), 7U);
  EXPECT_EQ(names_in(device_.partition().path() + "/abc/" + hash).size(), 1U);
}

TEST_F(PartitionListingTest, GoesOnAfterADirectoryThatCannotBeListed) {
  std::filesystem::create_directories(device_.partition().path() + "/abc");
  std::ofstream(device_.partition().path() + "/abc/1" + kRest.substr(1) + "abc") << "a file";
  std::ofstream(device_.partition().path() + "/abd") << "a file";
  add("abc", "2" + kRest.substr(1) + "abc", "1700000000.00000.data");
  add("abe", "1" + kRest.substr(1) + "abe", "1700000000.00000.data");
  const std::string not_a_directory = "errno " + std::to_string(ENOTDIR);
  EXPECT_THAT(list(), ElementsAre(not_a_directory, "2abc 1700000000.00000.data", not_a_directory,
                                  "1abe 1700000000.00000.data"));
}

TEST_F(PartitionListingTest, NeedsThePartition) {
  EXPECT_THROW(list(), OsError);
  std::filesystem::create_directories(device_.partition().path());
  EXPECT_THAT(list(), ElementsAre());
}

}  // namespace
}  // namespace ssync
