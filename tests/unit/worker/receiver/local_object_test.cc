#include "worker/receiver/local_object.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/xattr.h>

#include <filesystem>
#include <fstream>

#include "common/os/path.h"
#include "common/python/errors.h"
#include "tests/unit/temporary_device.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const char kT1[] = "1700000001.00000";
const char kT2[] = "1700000002.00000";

class LookUpTest : public ::testing::Test {
 protected:
  [[nodiscard]] Offer offer_of(const ObjectName& name) const {
    return Offer::of(*parse_object_hash(device_.hash_of(name)), {});
  }
  [[nodiscard]] std::string found(const ObjectName& name) const {
    const LocalObject local = look_up(device_.partition(), offer_of(name));
    const auto text = [](const std::optional<Timestamp>& time) { return time ? time->internal() : "-"; };
    return text(local.data) + " " + text(local.meta) + " " + text(local.content_type);
  }
  [[nodiscard]] std::string error() const {
    try {
      return found(name_);
    } catch (const std::exception& failure) {
      return failure.what();
    }
  }

  TemporaryDevice device_;
  const ObjectName name_{"a", "c", "o"};
  const std::string nothing_ = "- - -";
};

TEST_F(LookUpTest, FindsNothingAndMakesNothing) {
  EXPECT_EQ(found(name_), nothing_);
  EXPECT_THAT(names_in(device_.path()), IsEmpty());
}

TEST_F(LookUpTest, FindsThreeTimes) {
  device_.add_data(name_, kT1, "hello");
  EXPECT_EQ(found(name_), std::string(kT1) + " " + kT1 + " " + kT1);
  device_.add_meta(name_, kT2);
  EXPECT_EQ(found(name_), std::string(kT1) + " " + kT2 + " " + kT1);
}

TEST_F(LookUpTest, FindsATombstone) {
  device_.add_tombstone(name_, kT1);
  device_.settings().reclaim_age = std::int64_t{1} << 40;
  EXPECT_EQ(found(name_), std::string(kT1) + " - -");
}

TEST_F(LookUpTest, ATombstoneWithoutATimeIsOfTimeZero) {
  device_.settings().reclaim_age = std::int64_t{1} << 40;
  Metadata metadata;
  metadata.set("name", name_.path());
  device_.add_file(name_, std::string(kT1) + ".ts", metadata);
  const LocalObject local = look_up(device_.partition(), offer_of(name_));
  EXPECT_EQ(local.data, Timestamp());
  EXPECT_FALSE(local.meta);
}

// lp1683689
TEST_F(LookUpTest, FindsExpiredObjects) {
  device_.add_data(name_, kT1, "hello", {{"X-Delete-At", "1"}});
  EXPECT_EQ(found(name_), std::string(kT1) + " " + kT1 + " " + kT1);
}

TEST_F(LookUpTest, CleansUpAndReclaims) {
  device_.add_tombstone(name_, "1000000000.00000");
  EXPECT_EQ(found(name_), nothing_);
  EXPECT_FALSE(std::filesystem::exists(device_.hash_dir_of(name_)));
  device_.add_data(name_, kT1, "older");
  device_.add_data(name_, kT2, "newer");
  EXPECT_EQ(found(name_), std::string(kT2) + " " + kT2 + " " + kT2);
  EXPECT_THAT(device_.files_of(name_), ElementsAre(std::string(kT2) + ".data"));
}

TEST_F(LookUpTest, TakesTheNameFromTheSmallestFile) {
  device_.add_data(name_, kT1, "hello");
  // An rsync temporary without metadata hides a good object.
  const std::string temporary = device_.add_bare_file(name_, "." + std::string(kT1) + ".data.Xy095a");
  EXPECT_EQ(found(name_), nothing_);
  std::filesystem::remove(temporary);
  // A wrong name hides it too. That the other object is here says nothing of this one.
  const ObjectName other{"a", "c", "other"};
  device_.add_data(other, kT2, "hello");
  device_.add_file(name_, "." + std::string(kT1) + ".data.Xy095a", TemporaryDevice::named(other, kT1));
  EXPECT_EQ(found(name_), nothing_);
  EXPECT_THAT(device_.quarantined(), IsEmpty());
}

TEST_F(LookUpTest, TakesWhatHasNoNameForNothingAndLeavesIt) {
  device_.add_bare_file(name_, std::string(kT1) + ".data");
  EXPECT_EQ(found(name_), nothing_);
  device_.add_data(name_, kT1, "hello", {{"name", "unnamed"}});
  EXPECT_EQ(found(name_), nothing_);
  Metadata metadata;
  metadata.set("X-Timestamp", kT1);
  device_.add_file(name_, std::string(kT1) + ".data", metadata);
  EXPECT_EQ(found(name_), nothing_);
  EXPECT_THAT(device_.quarantined(), IsEmpty());
}

TEST_F(LookUpTest, EndsTheSessionOnUnreadableMetadata) {
  const std::string path = device_.add_data(name_, kT1, "hello");
  ASSERT_EQ(::setxattr(path.c_str(), "user.swift.metadata_checksum", "bad", 3, 0), 0);
  EXPECT_THAT(error(), HasSubstr("Metadata checksum mismatch for " + path));
  ASSERT_EQ(::removexattr(path.c_str(), "user.swift.metadata_checksum"), 0);
  ASSERT_EQ(::setxattr(path.c_str(), "user.swift.metadata", "garbage", 7, 0), 0);
  EXPECT_NE(error(), nothing_);
  EXPECT_THAT(device_.quarantined(), IsEmpty());
  EXPECT_THAT(device_.files_of(name_), ElementsAre(std::string(kT1) + ".data"));
}

TEST_F(LookUpTest, EndsTheSessionOnMetadataWithoutATime) {
  Metadata metadata;
  metadata.set("name", name_.path());
  metadata.set("Content-Length", "0");
  device_.add_file(name_, std::string(kT1) + ".data", metadata);
  EXPECT_THROW(look_up(device_.partition(), offer_of(name_)), ValueError);
}

TEST_F(LookUpTest, EndsTheSessionOnDataWithoutATimeThatAreQuarantined) {
  Metadata metadata;
  metadata.set("name", name_.path());
  metadata.set("Content-Length", "0");
  device_.add_file(name_, std::string(kT1) + ".data", metadata);
  device_.add_bare_file(name_, std::string(kT2) + ".meta");
  EXPECT_THROW(look_up(device_.partition(), offer_of(name_), std::nullopt), ValueError);
  EXPECT_THAT(device_.quarantined(), ElementsAre(device_.hash_of(name_)));
}

TEST_F(LookUpTest, QuarantinesWhatDoesNotOpen) {
  device_.add_data(name_, kT1, "hello", {{"Content-Length", "6"}});
  EXPECT_EQ(found(name_), nothing_);
  EXPECT_THAT(device_.quarantined(), ElementsAre(device_.hash_of(name_)));
}

TEST_F(LookUpTest, QuarantinesAFileInTheDirectorysPlace) {
  std::filesystem::create_directories(parent_of(device_.hash_dir_of(name_)));
  std::ofstream(device_.hash_dir_of(name_)) << "x";
  EXPECT_EQ(found(name_), nothing_);
  EXPECT_EQ(read_file(device_.path() + "/quarantined/objects/" + device_.hash_of(name_)), "x");
}

}  // namespace
}  // namespace ssync
