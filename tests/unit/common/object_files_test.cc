#include "common/object_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "common/errors.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;
using Names = std::vector<std::string>;

std::string name_or_empty(const std::optional<ObjectFile>& file) { return file ? file->name : ""; }

Names sorted_names(const std::vector<ObjectFile>& files) {
  Names names;
  for (const ObjectFile& file : files) names.push_back(file.name);
  std::sort(names.begin(), names.end());
  return names;
}

struct Choice {
  const char* why;
  Names names;
  std::string data;
  std::string tombstone;
  std::string meta;
  std::string content_type;
  Names obsolete;          // sorted
  Names possible_reclaim;  // sorted
  Names unexpected;        // sorted
};

// The first cases are those of test_get_ondisk_files_with_repl_policy in Swift's test_diskfile.py; what
// all of them expect was compared with Swift 2.30.1.
const Choice kChoices[] = {
    {"nothing", {}, "", "", "", "", {}, {}, {}},
    {"data alone", {"0000000007.00000.data"}, "0000000007.00000.data", "", "", "", {}, {}, {}},
    {"tombstone alone", {"0000000007.00000.ts"}, "", "0000000007.00000.ts", "", "", {}, {}, {}},
    {"older tombstone",
     {"0000000007.00000.ts", "0000000006.00000.ts"},
     "",
     "0000000007.00000.ts",
     "",
     "",
     {"0000000006.00000.ts"},
     {},
     {}},
    {"older data and tombstone",
     {"0000000007.00000.data", "0000000006.00000.data", "0000000004.00000.ts"},
     "0000000007.00000.data",
     "",
     "",
     "",
     {"0000000004.00000.ts", "0000000006.00000.data"},
     {},
     {}},
    {"newest meta wins",
     {"0000000009.00000.meta", "0000000008.00000.meta", "0000000007.00000.data", "0000000004.00000.ts"},
     "0000000007.00000.data",
     "",
     "0000000009.00000.meta",
     "",
     {"0000000004.00000.ts", "0000000008.00000.meta"},
     {},
     {}},
    {"meta older than data",
     {"0000000007.00000.data", "0000000006.00000.meta", "0000000004.00000.ts"},
     "0000000007.00000.data",
     "",
     "",
     "",
     {"0000000004.00000.ts", "0000000006.00000.meta"},
     {},
     {}},
    {"meta without data",
     {"0000000007.00000.meta", "0000000006.00000.ts", "0000000004.00000.data"},
     "",
     "0000000006.00000.ts",
     "",
     "",
     {"0000000004.00000.data"},
     {"0000000007.00000.meta"},
     {}},
    {"tombstone wins at the same time",
     {"0000000006.00000.meta", "0000000006.00000.ts", "0000000006.00000.data"},
     "",
     "0000000006.00000.ts",
     "",
     "",
     {"0000000006.00000.data", "0000000006.00000.meta"},
     {},
     {}},
    // lp1534685: a lone .meta is to be reclaimed one day.
    {"meta alone", {"0000000007.00000.meta"}, "", "", "", "", {}, {"0000000007.00000.meta"}, {}},
    {"meta at the data's time",
     {"0000000007.00000.data", "0000000007.00000.meta"},
     "0000000007.00000.data",
     "",
     "",
     "",
     {"0000000007.00000.meta"},
     {},
     {}},
    {"an offset is newer",
     {"1700000000.00000.data", "1700000000.00000_0000000000000001.data"},
     "1700000000.00000_0000000000000001.data",
     "",
     "",
     "",
     {"1700000000.00000.data"},
     {},
     {}},
    {"a tombstone without the data's offset",
     {"1700000000.00000_0000000000000001.data", "1700000000.00000.ts"},
     "1700000000.00000_0000000000000001.data",
     "",
     "",
     "",
     {"1700000000.00000.ts"},
     {},
     {}},
    {"data of one time spelled twice: both stay",
     {"1700000000.00000.data", "1.7e9.data"},
     "1700000000.00000.data",
     "",
     "",
     "",
     {},
     {},
     {}},
    {"one meta tells a content type newer than the data",
     {"1700000000.00000.data", "1700000002.00000-186a0.meta"},
     "1700000000.00000.data",
     "",
     "1700000002.00000-186a0.meta",
     "1700000002.00000-186a0.meta",
     {},
     {},
     {}},
    {"one meta tells a content type as old as the data",
     {"1700000001.00000.data", "1700000002.00000-186a0.meta"},
     "1700000001.00000.data",
     "",
     "1700000002.00000-186a0.meta",
     "",
     {},
     {},
     {}},
    {"the content type is in an older meta",
     {"1700000000.00000.data", "1700000002.00000+0.meta", "1700000003.00000.meta"},
     "1700000000.00000.data",
     "",
     "1700000003.00000.meta",
     "1700000002.00000+0.meta",
     {},
     {},
     {}},
    {"the older meta's content type is no newer",
     {"1700000000.00000.data", "1700000002.00000-186a0.meta", "1700000003.00000-30d40.meta"},
     "1700000000.00000.data",
     "",
     "1700000003.00000-30d40.meta",
     "1700000003.00000-30d40.meta",
     {"1700000002.00000-186a0.meta"},
     {},
     {}},
    {"a content type's time after the meta's",
     {"1700000000.00000.data", "1700000001.00000+30d40.meta", "1700000002.00000+0.meta"},
     "1700000000.00000.data",
     "",
     "1700000002.00000+0.meta",
     "1700000001.00000+30d40.meta",
     {},
     {},
     {}},
    {"two metas of one time: the newer content type stays alone",
     {"1700000000.00000.data", "1700000002.00000-186a0.meta", "1700000002.00000+0.meta"},
     "1700000000.00000.data",
     "",
     "1700000002.00000+0.meta",
     "1700000002.00000+0.meta",
     {"1700000002.00000-186a0.meta"},
     {},
     {}},
    {"three metas: the newest, the newest content type, and one too many",
     {"1700000000.00000.data", "1700000001.00000+0.meta", "1700000002.00000+0.meta", "1700000003.00000.meta"},
     "1700000000.00000.data",
     "",
     "1700000003.00000.meta",
     "1700000002.00000+0.meta",
     {"1700000001.00000+0.meta"},
     {},
     {}},
    {"data between two metas",
     {"1700000001.00000+30d40.meta", "1700000002.00000.data", "1700000003.00000.meta"},
     "1700000002.00000.data",
     "",
     "1700000003.00000.meta",
     "",
     {"1700000001.00000+30d40.meta"},
     {},
     {}},
    {"offsets in a meta's short form",
     {"1700000000.00000_0000000000000005.data", "1700000000.00000_5+186a0.meta"},
     "1700000000.00000_0000000000000005.data",
     "",
     "",
     "",
     {"1700000000.00000_5+186a0.meta"},
     {},
     {}},
    {"a later offset in a meta's short form",
     {"1700000000.00000_0000000000000005.data", "1700000000.00000_6+186a0.meta"},
     "1700000000.00000_0000000000000005.data",
     "",
     "1700000000.00000_6+186a0.meta",
     "1700000000.00000_6+186a0.meta",
     {},
     {},
     {}},
    {"extensions that nobody knows go with what is newer",
     {"1700000001.00000.data", "1700000000.00000.foo", "1700000001.00000", "1700000002.00000.foo"},
     "1700000001.00000.data",
     "",
     "",
     "",
     {"1700000000.00000.foo", "1700000001.00000"},
     {},
     {}},
    {"a tombstone too removes what nobody knows",
     {"1700000001.00000.ts", "1700000000.00000.foo", "1700000002.00000.foo"},
     "",
     "1700000001.00000.ts",
     "",
     "",
     {"1700000000.00000.foo"},
     {},
     {}},
    {"names that are none of Swift's",
     {".data", ".ts", "junk", "junk.data", ".junk", "1700000000.00000#2.data", "1700000000.00000.ts"},
     "",
     "1700000000.00000.ts",
     "",
     "",
     {},
     {},
     {".data", ".junk", ".ts", "1700000000.00000#2.data", "junk", "junk.data"}},
    {"what rsync leaves",
     {".1472017820.44503.data.QBCYCU", ".total-bs.abcdef", "1700000000.00000.data"},
     "1700000000.00000.data",
     "",
     "",
     "",
     {},
     {},
     {".1472017820.44503.data.QBCYCU", ".total-bs.abcdef"}},
    {"a bad content type's delta",
     {"1700000000.00000.data", "1700000001.00000+xyz.meta"},
     "1700000000.00000.data",
     "",
     "",
     "",
     {},
     {},
     {"1700000001.00000+xyz.meta"}},
};

void expect_choice(const Choice& c, const Names& names) {
  const ObjectFiles files = choose_object_files(names, PolicyType::replication);
  EXPECT_EQ(name_or_empty(files.data), c.data) << c.why;
  EXPECT_EQ(name_or_empty(files.tombstone), c.tombstone) << c.why;
  EXPECT_EQ(name_or_empty(files.meta), c.meta) << c.why;
  EXPECT_EQ(name_or_empty(files.content_type), c.content_type) << c.why;
  EXPECT_EQ(sorted_names(files.obsolete), c.obsolete) << c.why;
  EXPECT_EQ(sorted_names(files.possible_reclaim), c.possible_reclaim) << c.why;
  Names unexpected = files.unexpected;
  std::sort(unexpected.begin(), unexpected.end());
  EXPECT_EQ(unexpected, c.unexpected) << c.why;
}

TEST(ChooseObjectFilesTest, ChoosesAsSwiftDoes) {
  for (const Choice& c : kChoices) expect_choice(c, c.names);
}

TEST(ChooseObjectFilesTest, DoesNotDependOnTheOrderOfNames) {
  std::mt19937 random(20231);  // NOLINT: the same shuffles each time
  for (const Choice& c : kChoices) {
    Names names = c.names;
    for (int i = 0; i < 20; ++i) {
      std::shuffle(names.begin(), names.end(), random);
      expect_choice(c, names);
    }
  }
}

TEST(ChooseObjectFilesTest, RefusesErasureCodingForNow) {
  EXPECT_THROW(choose_object_files({}, PolicyType::erasure_coding), std::logic_error);
}

TEST(ParseObjectFileTest, ReadsTimesAndExtension) {
  const ObjectFile meta = parse_object_file("1700000002.00000_a-186a0.meta");
  EXPECT_EQ(meta.extension, ".meta");
  EXPECT_EQ(meta.timestamp.internal(), "1700000002.00000_000000000000000a");
  ASSERT_TRUE(meta.content_type_timestamp);
  EXPECT_EQ(meta.content_type_timestamp->internal(), "1700000001.00000");
  EXPECT_FALSE(parse_object_file("1700000002.00000.meta").content_type_timestamp);
  EXPECT_EQ(parse_object_file("1700000002.00000").extension, ".00000");
  EXPECT_EQ(parse_object_file("1700000002").extension, "");
  EXPECT_THROW(parse_object_file("junk"), ValueError);
  EXPECT_THROW(parse_object_file(".data"), ValueError);
  // Only a .meta's name holds a delta.
  EXPECT_THROW(parse_object_file("1700000002.00000+0.data"), ValueError);
}

TEST(RsyncTemporaryTest, IsADotFileWithSixMoreCharacters) {
  for (const char* name : {".1472017820.44503.data.QBYCYU", ".total-bs.abcdef", "..abcdef", ".x.a_9Zz0"}) {
    EXPECT_TRUE(is_rsync_temporary(name)) << name;
  }
  for (const char* name :
       {"1472017820.44503.data.QBYCYU", ".abcdef", ".x.abcde", ".x.abcdefg", ".x.abc-ef", "", "."}) {
    EXPECT_FALSE(is_rsync_temporary(name)) << name;
  }
}

TEST(MakeFileNameTest, SpellsTimesAsSwiftDoes) {
  const Timestamp time = Timestamp::parse("1700000002");
  const Timestamp with_offset = Timestamp::parse("1700000002_a");
  EXPECT_EQ(make_file_name(time, ".data"), "1700000002.00000.data");
  EXPECT_EQ(make_file_name(with_offset, ".ts"), "1700000002.00000_000000000000000a.ts");
  EXPECT_EQ(make_file_name(time, ".meta"), "1700000002.00000.meta");
  EXPECT_EQ(make_file_name(with_offset, ".meta"), "1700000002.00000_000000000000000a.meta");
  EXPECT_EQ(make_file_name(time, ".meta", time), "1700000002.00000+0.meta");
  EXPECT_EQ(make_file_name(time, ".meta", Timestamp::parse("1700000001")), "1700000002.00000-186a0.meta");
  EXPECT_EQ(make_file_name(with_offset, ".meta", Timestamp::parse("1700000003")),
            "1700000002.00000_a+186a0.meta");
  // A .data has no place for a content type's time.
  EXPECT_EQ(make_file_name(time, ".data", time), "1700000002.00000.data");
}

}  // namespace
}  // namespace ssync
