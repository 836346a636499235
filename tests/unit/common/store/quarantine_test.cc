#include "common/store/quarantine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "common/os/errors.h"
#include "common/os/path.h"
#include "tests/unit/temporary_device.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;
using ::testing::MatchesRegex;

class QuarantineTest : public ::testing::Test {
 protected:
  QuarantineTest() : hash_(device_.hash_of(name_)), hash_dir_(device_.hash_dir_of(name_)) {}

  void make_damaged(const std::string& content) const { device_.add_bare_file(name_, "1.data", content); }

  TemporaryDevice device_;
  const ObjectName name_{"a", "c", "o"};
  std::string hash_;
  std::string hash_dir_;
};

TEST_F(QuarantineTest, MovesTheDirectoryAndInvalidatesItsSuffix) {
  make_damaged("x");
  const std::string to = quarantine(device_.partition(), hash_dir_, "why");
  EXPECT_EQ(to, device_.path() + "/quarantined/objects/" + hash_);
  EXPECT_EQ(read_file(to + "/1.data"), "x");
  EXPECT_FALSE(std::filesystem::exists(hash_dir_));
  EXPECT_THAT(device_.invalid_suffixes(), ElementsAre(hash_.substr(29)));
}

TEST_F(QuarantineTest, KeepsWhatWasQuarantinedBefore) {
  make_damaged("first");
  quarantine(device_.partition(), hash_dir_, "why");
  make_damaged("second");
  const std::string to = quarantine(device_.partition(), hash_dir_, "why");
  EXPECT_THAT(name_of(to), MatchesRegex(hash_ + "-[0-9a-f]{32}"));
  EXPECT_EQ(read_file(to + "/1.data"), "second");
  EXPECT_EQ(read_file(device_.path() + "/quarantined/objects/" + hash_ + "/1.data"), "first");
}

TEST_F(QuarantineTest, MovesAFileInADirectorysPlaceAndTheReverse) {
  std::filesystem::create_directories(parent_of(hash_dir_));
  std::ofstream(hash_dir_) << "a file";
  const std::string first = quarantine(device_.partition(), hash_dir_, "why");
  EXPECT_EQ(read_file(first), "a file");
  make_damaged("x");
  const std::string second = quarantine(device_.partition(), hash_dir_, "why");
  EXPECT_EQ(read_file(first), "a file");
  EXPECT_EQ(read_file(second + "/1.data"), "x");
  std::ofstream(hash_dir_) << "another file";
  const std::string third = quarantine(device_.partition(), hash_dir_, "why");
  EXPECT_EQ(read_file(third), "another file");
}

TEST_F(QuarantineTest, MovesAWholeSuffix) {
  make_damaged("x");
  const std::string suffix = hash_.substr(29);
  const std::string to = quarantine(device_.partition(), parent_of(hash_dir_), "why");
  EXPECT_EQ(to, device_.path() + "/quarantined/objects/" + suffix);
  EXPECT_EQ(read_file(to + "/" + hash_ + "/1.data"), "x");
  EXPECT_THAT(device_.invalid_suffixes(), ElementsAre(suffix));
}

TEST_F(QuarantineTest, KeepsPoliciesApart) {
  const Partition silver{.settings = device_.settings(),
                         .conf = device_.conf(),
                         .policy = *device_.conf().policies.by_index(1),
                         .device_path = device_.path(),
                         .name = "7"};
  std::filesystem::create_directories(silver.hash_dir(hash_));
  EXPECT_EQ(quarantine(silver, silver.hash_dir(hash_), "why"),
            device_.path() + "/quarantined/objects-1/" + hash_);
}

TEST_F(QuarantineTest, NamesBothPlacesIfTheSuffixIsAFile) {
  std::filesystem::create_directories(parent_of(parent_of(hash_dir_)));
  std::ofstream(parent_of(hash_dir_)) << "x";
  try {
    quarantine(device_.partition(), hash_dir_, "why");
    FAIL() << "quarantined";
  } catch (const OsError& error) {
    EXPECT_EQ(std::string(error.what()), "[Errno 20] Not a directory: '" + hash_dir_ + "' -> '" +
                                             device_.path() + "/quarantined/objects/" + hash_ + "'");
  }
}

TEST_F(QuarantineTest, FailsForWhatIsNotThere) {
  try {
    quarantine(device_.partition(), hash_dir_, "why");
    FAIL() << "quarantined";
  } catch (const OsError& error) {
    EXPECT_EQ(error.code(), ENOENT);
    EXPECT_EQ(std::string(error.what()), "[Errno 2] No such file or directory: '" + hash_dir_ + "' -> '" +
                                             device_.path() + "/quarantined/objects/" + hash_ + "'");
  }
}

}  // namespace
}  // namespace ssync
