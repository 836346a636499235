#include "common/store/disk_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "common/os/errors.h"
#include "common/os/fd.h"
#include "common/os/path.h"
#include "common/python/errors.h"
#include "common/python/pickle.h"
#include "tests/unit/temporary_device.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Pairs = std::vector<std::pair<std::string, std::string>>;

const char kT0[] = "1700000000.00000";
const char kT1[] = "1700000001.00000";
const char kT2[] = "1700000002.00000";
const char kT3[] = "1700000003.00000";
constexpr double kNow = 1700000010;

class DiskFileTest : public ::testing::Test {
 protected:
  OpenOutcome open(ExpiredObjects expired = ExpiredObjects::refuse) { return file_.open(expired, kNow); }

  void expect_untouched() const {
    EXPECT_THAT(device_.quarantined(), IsEmpty());
    EXPECT_THAT(device_.invalid_suffixes(), IsEmpty());
  }
  void expect_quarantined() const {
    const std::string hash = device_.hash_of(name_);
    EXPECT_THAT(device_.quarantined(), ElementsAre(hash));
    EXPECT_THAT(device_.invalid_suffixes(), ElementsAre(hash.substr(29)));
    EXPECT_FALSE(std::filesystem::exists(device_.hash_dir_of(name_)));
  }

  TemporaryDevice device_;
  const ObjectName name_{"a", "c", "o"};
  DiskFile file_{device_.partition(), name_};
};

TEST_F(DiskFileTest, DoesNotExistWithoutFilesThatCount) {
  EXPECT_EQ(open(), OpenOutcome::not_exist);
  std::filesystem::create_directories(device_.hash_dir_of(name_));
  EXPECT_EQ(open(), OpenOutcome::not_exist);
  device_.add_bare_file(name_, "junk");
  EXPECT_EQ(open(), OpenOutcome::not_exist);
  device_.add_meta(name_, kT1);
  EXPECT_EQ(open(), OpenOutcome::not_exist);
  expect_untouched();
}

TEST_F(DiskFileTest, OpensData) {
  device_.add_data(name_, kT1, "hello", {{"X-Object-Meta-Color", "red"}});
  ASSERT_EQ(open(), OpenOutcome::open);
  EXPECT_EQ(file_.data_timestamp().internal(), kT1);
  EXPECT_EQ(file_.timestamp().internal(), kT1);
  EXPECT_EQ(file_.content_type_timestamp().internal(), kT1);
  EXPECT_EQ(*file_.metadata().find("X-Object-Meta-Color"), "red");
  EXPECT_FALSE(file_.meta_metadata());
  expect_untouched();
}

TEST_F(DiskFileTest, IsDeletedByATombstone) {
  device_.add_tombstone(name_, kT2);
  ASSERT_EQ(open(), OpenOutcome::deleted);
  EXPECT_EQ(file_.timestamp().internal(), kT2);
  expect_untouched();
}

// The time comes from the metadata, not from the name.
TEST_F(DiskFileTest, BelievesTheMetadatasTime) {
  device_.add_data(name_, kT1, "", {{"X-Timestamp", kT2}});
  ASSERT_EQ(open(), OpenOutcome::open);
  EXPECT_EQ(file_.data_timestamp().internal(), kT2);
}

TEST_F(DiskFileTest, ForgetsWhatItOpenedBefore) {
  device_.add_data(name_, kT1, "hello");
  device_.add_meta(name_, kT2);
  ASSERT_EQ(open(), OpenOutcome::open);
  std::filesystem::remove_all(device_.hash_dir_of(name_));
  EXPECT_EQ(open(), OpenOutcome::not_exist);
  EXPECT_TRUE(file_.metadata().items().empty());
  EXPECT_FALSE(file_.meta_metadata());
}

TEST_F(DiskFileTest, MergesWhatAPostChanged) {
  device_.add_data(name_, kT1, "hello",
                   {{"X-Object-Meta-Color", "red"},
                    {"X-Object-Sysmeta-Kept", "yes"},
                    {"X-Static-Large-Object", "True"},  // lp1453807
                    {"X-Delete-At", "1"}});
  device_.add_meta(name_, kT2, {{"X-Object-Meta-Shape", "round"}, {"X-Object-Sysmeta-Kept", "no"}});
  ASSERT_EQ(open(), OpenOutcome::open);
  const std::map<std::string, std::string> expected{
      {"Content-Length", "5"}, {"Content-Type", "text/plain"},   {"ETag", "unchecked"},
      {"X-Timestamp", kT2},    {"X-Object-Sysmeta-Kept", "yes"}, {"X-Static-Large-Object", "True"},
      {"name", name_.path()},  {"X-Object-Meta-Shape", "round"},
  };
  EXPECT_EQ(as_map(file_.metadata()), expected);
  // lp1421425's relative for POST: the data's time stays its own.
  EXPECT_EQ(file_.data_timestamp().internal(), kT1);
  EXPECT_EQ(file_.timestamp().internal(), kT2);
  EXPECT_EQ(file_.content_type_timestamp().internal(), kT1);
  ASSERT_TRUE(file_.meta_metadata());
  EXPECT_EQ(file_.meta_metadata()->find("name"), nullptr);
}

TEST_F(DiskFileTest, TakesTheNewestContentType) {
  struct Case {
    const char* why;
    std::vector<std::pair<std::string, Pairs>> metas;
    const char* content_type;
    const char* time;
  };
  const Case cases[] = {
      {"the meta's",
       {{"1700000002.00000+0.meta",
         {{"X-Timestamp", kT2}, {"Content-Type", "new"}, {"Content-Type-Timestamp", kT2}}}},
       "new",
       kT2},
      {"the data's: the meta's is older",
       {{"1700000002.00000-30d40.meta",
         {{"X-Timestamp", kT2}, {"Content-Type", "old"}, {"Content-Type-Timestamp", kT0}}}},
       "text/plain",
       kT1},
      {"an older meta's",
       {{"1700000002.00000+0.meta",
         {{"X-Timestamp", kT2}, {"Content-Type", "new"}, {"Content-Type-Timestamp", kT2}}},
        {"1700000003.00000.meta", {{"X-Timestamp", kT3}}}},
       "new",
       kT2},
      {"the newest meta's: the older one's name promises more than it holds",
       {{"1700000002.00000+0.meta",
         {{"X-Timestamp", kT2}, {"Content-Type", "older"}, {"Content-Type-Timestamp", "1700000001.50000"}}},
        {"1700000003.00000-186a1.meta",
         {{"X-Timestamp", kT3}, {"Content-Type", "new"}, {"Content-Type-Timestamp", "1700000001.99999"}}}},
       "new",
       "1700000001.99999"},
      {"an older meta's, newer than the newest meta's",
       {{"1700000002.00000+0.meta",
         {{"X-Timestamp", kT2}, {"Content-Type", "new"}, {"Content-Type-Timestamp", kT2}}},
        {"1700000003.00000-186a1.meta",
         {{"X-Timestamp", kT3}, {"Content-Type", "older"}, {"Content-Type-Timestamp", "1700000001.99999"}}}},
       "new",
       kT2},
  };
  for (const Case& c : cases) {
    std::filesystem::remove_all(device_.hash_dir_of(name_));
    device_.add_data(name_, kT1, "hello");
    for (const auto& [file_name, pairs] : c.metas) {
      Metadata metadata;
      for (const auto& [key, value] : pairs) metadata.set(key, value);
      metadata.set("name", name_.path());
      device_.add_file(name_, file_name, metadata);
    }
    ASSERT_EQ(open(), OpenOutcome::open) << c.why;
    EXPECT_EQ(*file_.metadata().find("Content-Type"), c.content_type) << c.why;
    EXPECT_EQ(file_.content_type_timestamp().internal(), c.time) << c.why;
  }
}

// lp1683689
TEST_F(DiskFileTest, OpensExpiredObjectsIfAsked) {
  device_.add_data(name_, kT1, "hello", {{"X-Delete-At", "1700000010"}});
  EXPECT_EQ(open(ExpiredObjects::refuse), OpenOutcome::expired);
  EXPECT_EQ(file_.timestamp().internal(), kT1);
  EXPECT_EQ(open(ExpiredObjects::open), OpenOutcome::open);
  EXPECT_EQ(file_.open(ExpiredObjects::refuse, kNow - 0.5), OpenOutcome::open);
  expect_untouched();
}

// All that Python's int() and float() read; none of it is damage.
TEST_F(DiskFileTest, ReadsNumbersAsPythonDoes) {
  const std::pair<std::string, OpenOutcome> cases[] = {
      {"9223372036854775808", OpenOutcome::open},
      {std::string(400, '9'), OpenOutcome::open},
      {"-99999999999999999999", OpenOutcome::expired},
      {"\u0663", OpenOutcome::expired},
      {"\u3000\uff11_7\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0a00", OpenOutcome::quarantined},
      {"\u3000\uff11_7\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0660", OpenOutcome::open},
  };
  for (const auto& [delete_at, outcome] : cases) {
    SCOPED_TRACE(delete_at);
    std::filesystem::remove_all(device_.path() + "/objects");
    device_.add_data(name_, kT1, "hello", {{"X-Delete-At", delete_at}, {"Content-Length", "\u0665"}});
    EXPECT_EQ(open(ExpiredObjects::refuse), outcome);
  }
  device_.add_data(name_, kT1, "hello", {{"X-Timestamp", "170000000\u0661"}});
  EXPECT_EQ(open(), OpenOutcome::open);
  EXPECT_EQ(file_.timestamp().internal(), kT1);
}

TEST_F(DiskFileTest, LeavesAnotherObjectsDirectoryAlone) {
  device_.add_data(name_, kT1, "hello", {{"name", "/a/c/other"}});
  EXPECT_EQ(open(), OpenOutcome::collision);
  expect_untouched();
}

TEST_F(DiskFileTest, QuarantinesDamagedData) {
  const auto spoil = [](const std::string& path, const char* key, const std::string& value) {
    ASSERT_EQ(::setxattr(path.c_str(), key, value.data(), value.size(), 0), 0);
  };
  const auto unchecked_metadata = [&](const std::string& path, const std::string& value) {
    ::removexattr(path.c_str(), "user.swift.metadata_checksum");
    spoil(path, "user.swift.metadata", value);
  };
  const auto without = [&](const char* key) {
    Metadata metadata = TemporaryDevice::named(name_, kT1);
    metadata.set("Content-Length", "5");
    metadata.erase(key);
    device_.add_file(name_, std::string(kT1) + ".data", metadata, "hello");
  };
  struct Case {
    const char* why;
    std::function<void()> make;
  };
  const Case cases[] = {
      {"no metadata", [&] { device_.add_bare_file(name_, std::string(kT1) + ".data", "hello"); }},
      {"bad checksum",
       [&] { spoil(device_.add_data(name_, kT1, "hello"), "user.swift.metadata_checksum", "bad"); }},
      {"garbage", [&] { unchecked_metadata(device_.add_data(name_, kT1, "hello"), "garbage"); }},
      {"a pickled list",
       [&] {
         unchecked_metadata(device_.add_data(name_, kT1, "hello"),
                            pickle::dump(pickle::Value{pickle::List{}}));
       }},
      {"too short",
       [&] {
         device_.add_data(name_, kT1, "hello", {{"Content-Length", "6"}});
       }},
      {"too long",
       [&] {
         device_.add_data(name_, kT1, "hello", {{"Content-Length", "4"}});
       }},
      {"length no number",
       [&] {
         device_.add_data(name_, kT1, "hello", {{"Content-Length", "five"}});
       }},
      {"delete time no number",
       [&] {
         device_.add_data(name_, kT1, "hello", {{"X-Delete-At", "soon"}});
       }},
      {"delete time a fraction",
       [&] {
         device_.add_data(name_, kT1, "hello", {{"X-Delete-At", "1.5"}});
       }},
      {"no length", [&] { without("Content-Length"); }},
      {"no name", [&] { without("name"); }},
      {"unreadable meta",
       [&] {
         device_.add_data(name_, kT1, "hello");
         device_.add_bare_file(name_, std::string(kT2) + ".meta");
       }},
      {"unreadable content type's meta",
       [&] {
         device_.add_data(name_, kT1, "hello");
         device_.add_bare_file(name_, "1700000002.00000+0.meta");
         device_.add_meta(name_, kT3);
       }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.why);
    std::filesystem::remove_all(device_.path() + "/quarantined");
    std::filesystem::remove_all(device_.path() + "/objects");
    c.make();
    EXPECT_EQ(open(), OpenOutcome::quarantined);
    expect_quarantined();
  }
}

TEST_F(DiskFileTest, LeavesWhatIsDamagedIfTold) {
  DiskFile file(device_.partition(), name_, {}, DamagedObjects::leave);
  const std::string path = device_.add_data(name_, kT0, "data");
  std::filesystem::resize_file(path, 3);
  EXPECT_EQ(file.open(ExpiredObjects::refuse, kNow), OpenOutcome::damaged);
  EXPECT_EQ(file.damage(), "metadata content-length 4 does not match actual object size 3");
  std::filesystem::resize_file(path, 4);
  EXPECT_EQ(file.open(ExpiredObjects::refuse, kNow), OpenOutcome::open);
  device_.add_bare_file(name_, std::string(kT1) + ".ts");
  EXPECT_EQ(file.open(ExpiredObjects::refuse, kNow), OpenOutcome::damaged);
  EXPECT_EQ(device_.files_of(name_).size(), 2U);
  std::filesystem::remove_all(device_.hash_dir_of(name_));
  std::ofstream(device_.hash_dir_of(name_)) << "a file";
  EXPECT_THROW(file.open(ExpiredObjects::refuse, kNow), OsError);
  expect_untouched();
}

TEST_F(DiskFileTest, TakesADamagedTombstoneForNothing) {
  device_.add_bare_file(name_, std::string(kT1) + ".ts");
  EXPECT_EQ(open(), OpenOutcome::not_exist);
  expect_quarantined();
}

TEST_F(DiskFileTest, LeavesDamagedFilesAloneThatDoNotCount) {
  device_.add_data(name_, kT2, "hello");
  device_.add_bare_file(name_, std::string(kT1) + ".data", "x");
  device_.add_bare_file(name_, std::string(kT1) + ".meta");
  EXPECT_EQ(open(), OpenOutcome::open);
  expect_untouched();
}

TEST_F(DiskFileTest, QuarantinesAFileInTheDirectorysPlace) {
  std::filesystem::create_directories(parent_of(device_.hash_dir_of(name_)));
  std::ofstream(device_.hash_dir_of(name_)) << "x";
  EXPECT_EQ(open(), OpenOutcome::quarantined);
  expect_quarantined();
}

TEST_F(DiskFileTest, ThrowsForADirectoryInTheDataFilesPlace) {
  std::filesystem::create_directories(device_.hash_dir_of(name_) + "/" + kT1 + ".data");
  EXPECT_THROW(open(), OsError);
  expect_untouched();
}

TEST_F(DiskFileTest, IsNotHungByAFifo) {
  const std::string hash_dir = device_.hash_dir_of(name_);
  std::filesystem::create_directories(hash_dir);
  ASSERT_EQ(::mkfifo((hash_dir + "/" + kT1 + ".data").c_str(), 0600), 0);
  EXPECT_EQ(open(), OpenOutcome::quarantined);
}

TEST_F(DiskFileTest, ComparesWithContentTypeTimesOutOfRange) {
  const auto open_with = [&](const char* time) {
    std::filesystem::remove_all(device_.path() + "/objects");
    device_.add_data(name_, kT1, "hello");
    Metadata metadata = TemporaryDevice::named(name_, kT2);
    metadata.set("Content-Type", "new");
    metadata.set("Content-Type-Timestamp", time);
    device_.add_file(name_, "1700000002.00000+0.meta", metadata);
    return open();
  };
  ASSERT_EQ(open_with("-5"), OpenOutcome::open);
  EXPECT_EQ(*file_.metadata().find("Content-Type"), "text/plain");
  EXPECT_EQ(file_.content_type_timestamp().internal(), kT1);
  ASSERT_EQ(open_with("99999999999"), OpenOutcome::open);
  EXPECT_EQ(*file_.metadata().find("Content-Type"), "new");
  EXPECT_THROW((void)file_.content_type_timestamp(), ValueError);
  EXPECT_THROW(open_with("then"), ValueError);
}

TEST_F(DiskFileTest, ThrowsWithoutATimestamp) {
  Metadata metadata;
  metadata.set("name", name_.path());
  metadata.set("Content-Length", "0");
  device_.add_file(name_, std::string(kT1) + ".data", metadata);
  EXPECT_EQ(open(), OpenOutcome::open);
  EXPECT_THROW((void)file_.timestamp(), ValueError);
  EXPECT_THROW((void)file_.data_timestamp(), ValueError);

  metadata.set("Content-Type", "text/plain");
  device_.add_file(name_, std::string(kT1) + ".data", metadata);
  EXPECT_EQ(open(), OpenOutcome::open);
  device_.add_meta(name_, kT2);
  EXPECT_THROW(open(), ValueError) << "it decides whose content type holds";
}

class FragmentTest : public ::testing::Test {
 protected:
  void store(const std::string& file_name) const {
    Metadata metadata = TemporaryDevice::named(name_, file_name.substr(0, file_name.find('#')));
    metadata.set("Content-Length", "4");
    device_.add_file(name_, file_name, metadata, "data");
  }
  // The data file that is opened, or "-".
  std::string opened(const FragmentRequest& request) const {
    DiskFile file(device_.partition(), name_, request);
    const OpenOutcome outcome = file.open(ExpiredObjects::refuse, kNow);
    return outcome == OpenOutcome::open ? file.files()->data->name : "-";
  }

  TemporaryDevice device_{2};
  const ObjectName name_{"a", "c", "o"};
};

TEST_F(FragmentTest, OpensTheOneThatIsAskedFor) {
  store("1700000001.00000#0#d.data");
  store("1700000001.00000#1#d.data");
  store("1700000002.00000#2.data");
  EXPECT_EQ(opened({}), "1700000001.00000#1#d.data");
  EXPECT_EQ(opened({.fragment_index = 0}), "1700000001.00000#0#d.data");
  EXPECT_EQ(opened({.fragment_index = 2}), "-");
  EXPECT_EQ(opened({.preferences = std::vector<FragmentPreference>{}}), "1700000002.00000#2.data");
}

TEST_F(FragmentTest, IndexesBeyondThePolicyAreNone) {
  store("1700000001.00000#7#d.data");
  EXPECT_EQ(opened({}), "-");
}

TEST_F(FragmentTest, TellsWhatElseThereIs) {
  store("1700000001.00000#0#d.data");
  store("1700000002.00000#2.data");
  DiskFile file(device_.partition(), name_);
  EXPECT_EQ(file.files(), nullptr);
  ASSERT_EQ(file.open(ExpiredObjects::refuse, kNow), OpenOutcome::open);
  EXPECT_EQ(file.files()->fragments.size(), 2U);
  EXPECT_EQ(file.files()->durable_timestamp, Timestamp::parse(kT1));
}

TEST_F(DiskFileTest, GivesTheDataFileAway) {
  device_.add_data(name_, kT1, "hello");
  ASSERT_EQ(open(), OpenOutcome::open);
  const Fd data = file_.take_data_file();
  char text[8] = {};
  EXPECT_EQ(::read(data.get(), text, sizeof text), 5);
  EXPECT_STREQ(text, "hello");
  EXPECT_FALSE(file_.take_data_file());
}

TEST_F(DiskFileTest, TellsFilesUnlessTheyCannotBeListed) {
  EXPECT_EQ(open(), OpenOutcome::not_exist);
  EXPECT_NE(file_.files(), nullptr);
  std::filesystem::create_directories(parent_of(device_.hash_dir_of(name_)));
  std::ofstream(device_.hash_dir_of(name_)) << "x";
  EXPECT_EQ(open(), OpenOutcome::quarantined);
  EXPECT_EQ(file_.files(), nullptr);
}

}  // namespace
}  // namespace ssync
