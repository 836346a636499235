#include "common/layout/object_files.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "common/python/errors.h"

namespace ssync {
namespace {

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

using Preferences = std::vector<FragmentPreference>;

struct FragmentCase {
  const char* why = "";
  Names names = {};
  const ErasureCoding* policy = nullptr;
  std::optional<int> index = {};
  std::optional<Preferences> preferences = {};
  std::string data = {};
  std::string tombstone = {};
  std::string meta = {};
  std::string content_type = {};
  std::string durable = {};
  Names fragments = {};         // "<time>: <index>[d for durable] …"
  Names obsolete = {};          // sorted
  Names possible_reclaim = {};  // sorted
  Names unexpected = {};        // sorted
};

const ErasureCoding k4Plus2 = {.ec_type = "isa_l_rs_vand", .data_fragments = 4, .parity_fragments = 2};

// Most are those of the test_get_ondisk_files_with_ec_policy… in Swift's test_diskfile.py, and of its
// _test_open_with_fragment_preferences; what all of them expect was compared with Swift 2.30.1. Only
// where a preference leaves a choice of indexes Swift does not take the highest, as it says it does, but
// the last that a Python set lists.
const FragmentCase kFragmentCases[] = {
    {.why = "nothing", .names = {}},
    {.why = "tombstone alone", .names = {"0000000007.00000.ts"}, .tombstone = "0000000007.00000.ts"},
    {.why = "older tombstone",
     .names = {"0000000007.00000.ts", "0000000006.00000.ts"},
     .tombstone = "0000000007.00000.ts",
     .obsolete = {"0000000006.00000.ts"}},
    {.why = "the highest index of a time with a .durable",
     .names = {"0000000007.00000.durable", "0000000007.00000#1.data", "0000000007.00000#0.data"},
     .data = "0000000007.00000#1.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 0d 1d"}},
    {.why = "an empty list of preferences changes nothing about durable ones",
     .names = {"0000000007.00000.durable", "0000000007.00000#1.data", "0000000007.00000#0.data"},
     .preferences = Preferences{},
     .data = "0000000007.00000#1.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 0d 1d"}},
    {.why = "data older than a .durable",
     .names = {"0000000007.00000.durable", "0000000007.00000#1.data", "0000000006.00000#1.data",
               "0000000004.00000.ts"},
     .data = "0000000007.00000#1.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 1d"},
     .obsolete = {"0000000004.00000.ts", "0000000006.00000#1.data"}},
    {.why = "data older than a .durable, and no other",
     .names = {"0000000007.00000.durable", "0000000006.00000#1.data", "0000000004.00000.ts"},
     .fragments = {"0000000006.00000: 1"},
     .obsolete = {"0000000004.00000.ts", "0000000006.00000#1.data", "0000000007.00000.durable"},
     .possible_reclaim = {"0000000006.00000#1.data"}},
    {.why = "older than a lone .durable, yet chosen when it need not be durable",
     .names = {"0000000007.00000.durable", "0000000006.00000#1.data", "0000000004.00000.ts"},
     .preferences = Preferences{},
     .data = "0000000006.00000#1.data",
     .fragments = {"0000000006.00000: 1"},
     .obsolete = {"0000000004.00000.ts", "0000000006.00000#1.data", "0000000007.00000.durable"}},
    {.why = "newest meta wins beside a .durable",
     .names = {"0000000009.00000.meta", "0000000008.00000.meta", "0000000007.00000.durable",
               "0000000007.00000#14.data", "0000000004.00000.ts"},
     .data = "0000000007.00000#14.data",
     .meta = "0000000009.00000.meta",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 14d"},
     .obsolete = {"0000000004.00000.ts", "0000000008.00000.meta"}},
    {.why = "meta older than the .durable",
     .names = {"0000000007.00000.durable", "0000000007.00000#14.data", "0000000006.00000.meta",
               "0000000004.00000.ts"},
     .data = "0000000007.00000#14.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 14d"},
     .obsolete = {"0000000004.00000.ts", "0000000006.00000.meta"}},
    {.why = "tombstone newer than all",
     .names = {"0000000006.00000.ts", "0000000005.00000.meta", "0000000004.00000.durable",
               "0000000004.00000#0.data"},
     .tombstone = "0000000006.00000.ts",
     .obsolete = {"0000000004.00000#0.data", "0000000004.00000.durable", "0000000005.00000.meta"}},
    {.why = "tombstone as old as all",
     .names = {"0000000006.00000.ts", "0000000006.00000.meta", "0000000006.00000.durable",
               "0000000006.00000#0.data"},
     .tombstone = "0000000006.00000.ts",
     .obsolete = {"0000000006.00000#0.data", "0000000006.00000.durable", "0000000006.00000.meta"}},
    {.why = "not durable",
     .names = {"0000000007.00000#0.data"},
     .fragments = {"0000000007.00000: 0"},
     .possible_reclaim = {"0000000007.00000#0.data"}},
    {.why = "not durable, newer than a tombstone",
     .names = {"0000000007.00000#0.data", "0000000006.00000.ts"},
     .tombstone = "0000000006.00000.ts",
     .fragments = {"0000000007.00000: 0"},
     .possible_reclaim = {"0000000007.00000#0.data"}},
    {.why = "newer than what a .durable speaks for",
     .names = {"0000000009.00000#2.data", "0000000009.00000#1.data", "0000000008.00000#3.data",
               "0000000007.00000.durable", "0000000007.00000#1.data", "0000000007.00000#0.data"},
     .data = "0000000007.00000#1.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 0d 1d", "0000000008.00000: 3", "0000000009.00000: 1 2"},
     .possible_reclaim = {"0000000008.00000#3.data", "0000000009.00000#1.data", "0000000009.00000#2.data"}},
    {.why = "newer than a lone .durable",
     .names = {"0000000008.00000#1.data", "0000000007.00000.durable"},
     .fragments = {"0000000008.00000: 1"},
     .obsolete = {"0000000007.00000.durable"},
     .possible_reclaim = {"0000000008.00000#1.data"}},
    {.why = "nothing durable: metas",
     .names = {"0000000007.00000.meta", "0000000006.00000#0.data", "0000000005.00000.meta",
               "0000000004.00000#1.data"},
     .fragments = {"0000000004.00000: 1", "0000000006.00000: 0"},
     .obsolete = {"0000000005.00000.meta"},
     .possible_reclaim = {"0000000004.00000#1.data", "0000000006.00000#0.data", "0000000007.00000.meta"}},
    {.why = "need not be durable",
     .names = {"0000000007.00000#0.data"},
     .preferences = Preferences{},
     .data = "0000000007.00000#0.data",
     .fragments = {"0000000007.00000: 0"}},
    {.why = "need not be durable, newer than a tombstone, which is not told",
     .names = {"0000000007.00000#0.data", "0000000006.00000.ts"},
     .preferences = Preferences{},
     .data = "0000000007.00000#0.data",
     .fragments = {"0000000007.00000: 0"}},
    {.why = "need not be durable: the newest; the durable ones stay",
     .names = {"0000000009.00000#2.data", "0000000009.00000#1.data", "0000000008.00000#3.data",
               "0000000007.00000.durable", "0000000007.00000#1.data", "0000000007.00000#0.data"},
     .preferences = Preferences{},
     .data = "0000000009.00000#2.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 0d 1d", "0000000008.00000: 3", "0000000009.00000: 1 2"},
     .possible_reclaim = {"0000000008.00000#3.data"}},
    {.why = "need not be durable, newer than a lone .durable",
     .names = {"0000000008.00000#1.data", "0000000007.00000.durable"},
     .preferences = Preferences{},
     .data = "0000000008.00000#1.data",
     .fragments = {"0000000008.00000: 1"},
     .obsolete = {"0000000007.00000.durable"}},
    {.why = "need not be durable: with its meta",
     .names = {"0000000007.00000.meta", "0000000006.00000#0.data", "0000000005.00000.meta",
               "0000000004.00000#1.data"},
     .preferences = Preferences{},
     .data = "0000000006.00000#0.data",
     .meta = "0000000007.00000.meta",
     .fragments = {"0000000004.00000: 1", "0000000006.00000: 0"},
     .obsolete = {"0000000005.00000.meta"},
     .possible_reclaim = {"0000000004.00000#1.data", "0000000007.00000.meta"}},
    {.why = "the highest index, durable or not, of a durable time",
     .names = {"0000000007.00000#1#d.data", "0000000007.00000#0.data"},
     .data = "0000000007.00000#1#d.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 0d 1d"}},
    {.why = "the mark may be at a lower index",
     .names = {"0000000007.00000#1.data", "0000000007.00000#0#d.data"},
     .data = "0000000007.00000#1.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 0d 1d"}},
    {.why = "older than durable data",
     .names = {"0000000007.00000#1#d.data", "0000000006.00000#1.data", "0000000004.00000.ts"},
     .data = "0000000007.00000#1#d.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 1d"},
     .obsolete = {"0000000004.00000.ts", "0000000006.00000#1.data"}},
    {.why = "newest meta wins",
     .names = {"0000000009.00000.meta", "0000000008.00000.meta", "0000000007.00000#14#d.data",
               "0000000004.00000.ts"},
     .data = "0000000007.00000#14#d.data",
     .meta = "0000000009.00000.meta",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 14d"},
     .obsolete = {"0000000004.00000.ts", "0000000008.00000.meta"}},
    {.why = "meta older than data",
     .names = {"0000000007.00000#14#d.data", "0000000006.00000.meta", "0000000004.00000.ts"},
     .data = "0000000007.00000#14#d.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 14d"},
     .obsolete = {"0000000004.00000.ts", "0000000006.00000.meta"}},
    {.why = "meta at the data's time stays, unlike with replication",
     .names = {"0000000007.00000.meta", "0000000007.00000#1#d.data"},
     .data = "0000000007.00000#1#d.data",
     .meta = "0000000007.00000.meta",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 1d"}},
    {.why = "tombstone newer than durable data",
     .names = {"0000000006.00000.ts", "0000000005.00000.meta", "0000000004.00000#0#d.data"},
     .tombstone = "0000000006.00000.ts",
     .obsolete = {"0000000004.00000#0#d.data", "0000000005.00000.meta"}},
    {.why = "tombstone as old as durable data",
     .names = {"0000000006.00000.ts", "0000000006.00000.meta", "0000000006.00000#0#d.data"},
     .tombstone = "0000000006.00000.ts",
     .obsolete = {"0000000006.00000#0#d.data", "0000000006.00000.meta"}},
    {.why = "newer than durable data",
     .names = {"0000000009.00000#2.data", "0000000009.00000#1.data", "0000000008.00000#3.data",
               "0000000007.00000#1#d.data", "0000000007.00000#0#d.data"},
     .data = "0000000007.00000#1#d.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 0d 1d", "0000000008.00000: 3", "0000000009.00000: 1 2"},
     .possible_reclaim = {"0000000008.00000#3.data", "0000000009.00000#1.data", "0000000009.00000#2.data"}},
    {.why = "need not be durable: the newest; the durable stay",
     .names = {"0000000009.00000#2.data", "0000000009.00000#1.data", "0000000008.00000#3.data",
               "0000000007.00000#1#d.data", "0000000007.00000#0#d.data"},
     .preferences = Preferences{},
     .data = "0000000009.00000#2.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 0d 1d", "0000000008.00000: 3", "0000000009.00000: 1 2"},
     .possible_reclaim = {"0000000008.00000#3.data"}},
    {.why = "a meta between durable data and the newer data chosen goes with the durable",
     .names = {"0000000009.00000#2.data", "0000000008.00000.meta", "0000000007.00000#1#d.data"},
     .preferences = Preferences{},
     .data = "0000000009.00000#2.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 1d", "0000000009.00000: 2"}},
    {.why = "a meta at the time of chosen data that is not durable",
     .names = {"0000000009.00000.meta", "0000000009.00000#2.data", "0000000007.00000#1#d.data"},
     .preferences = Preferences{},
     .data = "0000000009.00000#2.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 1d", "0000000009.00000: 2"}},
    {.why = "a meta newer than chosen data that is not durable",
     .names = {"0000000010.00000.meta", "0000000009.00000#2.data", "0000000007.00000#1#d.data"},
     .preferences = Preferences{},
     .data = "0000000009.00000#2.data",
     .meta = "0000000010.00000.meta",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 1d", "0000000009.00000: 2"}},
    {.why = "the index asked for",
     .names = {"0000000007.00000.durable", "0000000007.00000#2.data", "0000000007.00000#1.data",
               "0000000007.00000#0.data"},
     .index = 1,
     .data = "0000000007.00000#1.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 0d 1d 2d"}},
    {.why = "the index asked for is newer than a .durable",
     .names = {"0000000007.00000#2.data", "0000000007.00000#1.data", "0000000007.00000#0.data",
               "0000000006.00000.durable"},
     .index = 1,
     .fragments = {"0000000007.00000: 0 1 2"},
     .obsolete = {"0000000006.00000.durable"},
     .possible_reclaim = {"0000000007.00000#0.data", "0000000007.00000#1.data", "0000000007.00000#2.data"}},
    {.why = "the index asked for is older than a .durable",
     .names = {"0000000008.00000.durable", "0000000007.00000#2.data", "0000000007.00000#1.data",
               "0000000007.00000#0.data"},
     .index = 1,
     .fragments = {"0000000007.00000: 0 1 2"},
     .obsolete = {"0000000007.00000#0.data", "0000000007.00000#1.data", "0000000007.00000#2.data",
                  "0000000008.00000.durable"},
     .possible_reclaim = {"0000000007.00000#0.data", "0000000007.00000#1.data", "0000000007.00000#2.data"}},
    {.why = "the index asked for is older than the newest .durable",
     .names = {"0000000008.00000.durable", "0000000008.00000#0.data", "0000000007.00000.durable",
               "0000000007.00000#2.data", "0000000007.00000#1.data"},
     .index = 1,
     .fragments = {"0000000008.00000: 0d"},
     .obsolete = {"0000000007.00000#1.data", "0000000007.00000#2.data", "0000000007.00000.durable"}},
    {.why = "meta of the index asked for, beside a .durable",
     .names = {"0000000009.00000.meta", "0000000007.00000.durable", "0000000007.00000#2.data",
               "0000000007.00000#1.data", "0000000007.00000#0.data"},
     .index = 1,
     .data = "0000000007.00000#1.data",
     .meta = "0000000009.00000.meta",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 0d 1d 2d"}},
    {.why = "the index asked for is older than a tombstone",
     .names = {"0000000009.00000.ts", "0000000007.00000.durable", "0000000007.00000#2.data",
               "0000000007.00000#1.data", "0000000007.00000#0.data"},
     .index = 1,
     .tombstone = "0000000009.00000.ts",
     .obsolete = {"0000000007.00000#0.data", "0000000007.00000#1.data", "0000000007.00000#2.data",
                  "0000000007.00000.durable"}},
    {.why = "the index asked for is missing beside a .durable",
     .names = {"0000000007.00000.durable", "0000000007.00000#2.data", "0000000007.00000#14.data",
               "0000000007.00000#0.data"},
     .index = 1,
     .fragments = {"0000000007.00000: 0d 2d 14d"}},
    {.why = "no meta without the index asked for, beside a .durable",
     .names = {"0000000008.00000.meta", "0000000007.00000.durable", "0000000007.00000#14.data",
               "0000000007.00000#0.data"},
     .index = 1,
     .fragments = {"0000000007.00000: 0d 14d"}},
    {.why = "meta and a lone .durable",
     .names = {"0000000088.00000.meta", "0000000077.00000.durable"},
     .index = 1,
     .obsolete = {"0000000077.00000.durable"},
     .possible_reclaim = {"0000000088.00000.meta"}},
    {.why = "the index asked for need not be durable",
     .names = {"0000000007.00000#2.data", "0000000007.00000#1.data", "0000000007.00000#0.data",
               "0000000006.00000.durable"},
     .index = 1,
     .preferences = Preferences{},
     .data = "0000000007.00000#1.data",
     .fragments = {"0000000007.00000: 0 1 2"},
     .obsolete = {"0000000006.00000.durable"}},
    {.why = "the durable index asked for",
     .names = {"0000000007.00000#2#d.data", "0000000007.00000#1#d.data", "0000000007.00000#0#d.data"},
     .index = 1,
     .data = "0000000007.00000#1#d.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 0d 1d 2d"}},
    {.why = "the index asked for; another is marked",
     .names = {"0000000007.00000#2.data", "0000000007.00000#1.data", "0000000007.00000#0#d.data"},
     .index = 1,
     .data = "0000000007.00000#1.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 0d 1d 2d"}},
    {.why = "the index asked for is newer than durable data",
     .names = {"0000000007.00000#2.data", "0000000007.00000#1.data", "0000000007.00000#0.data",
               "0000000006.00000#0#d.data"},
     .index = 1,
     .fragments = {"0000000006.00000: 0d", "0000000007.00000: 0 1 2"},
     .possible_reclaim = {"0000000007.00000#0.data", "0000000007.00000#1.data", "0000000007.00000#2.data"}},
    {.why = "the index asked for is older than durable data",
     .names = {"0000000008.00000#0#d.data", "0000000007.00000#2.data", "0000000007.00000#1.data",
               "0000000007.00000#0.data"},
     .index = 1,
     .fragments = {"0000000008.00000: 0d"},
     .obsolete = {"0000000007.00000#0.data", "0000000007.00000#1.data", "0000000007.00000#2.data"}},
    {.why = "the durable index asked for is older than durable data",
     .names = {"0000000008.00000#0#d.data", "0000000007.00000#2#d.data", "0000000007.00000#1#d.data"},
     .index = 1,
     .fragments = {"0000000008.00000: 0d"},
     .obsolete = {"0000000007.00000#1#d.data", "0000000007.00000#2#d.data"}},
    {.why = "meta of the index asked for",
     .names = {"0000000009.00000.meta", "0000000007.00000#2#d.data", "0000000007.00000#1#d.data",
               "0000000007.00000#0#d.data"},
     .index = 1,
     .data = "0000000007.00000#1#d.data",
     .meta = "0000000009.00000.meta",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 0d 1d 2d"}},
    {.why = "the index asked for is missing",
     .names = {"0000000007.00000#2#d.data", "0000000007.00000#14#d.data", "0000000007.00000#0#d.data"},
     .index = 1,
     .fragments = {"0000000007.00000: 0d 2d 14d"}},
    {.why = "no meta without the index asked for",
     .names = {"0000000008.00000.meta", "0000000007.00000#14#d.data", "0000000007.00000#0#d.data"},
     .index = 1,
     .fragments = {"0000000007.00000: 0d 14d"}},
    {.why = "meta alone",
     .names = {"0000000088.00000.meta"},
     .index = 1,
     .possible_reclaim = {"0000000088.00000.meta"}},
    {.why = "need not be durable: the index is sought at the newest time only",
     .names = {"0000000009.00000#2.data", "0000000007.00000#1#d.data"},
     .index = 1,
     .preferences = Preferences{},
     .fragments = {"0000000007.00000: 1d", "0000000009.00000: 2"}},
    {.why = "both kinds of mark",
     .names = {"0000000007.00000.durable", "0000000007.00000#1#d.data", "0000000007.00000#0#d.data"},
     .index = 1,
     .data = "0000000007.00000#1#d.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 0d 1d"}},
    {.why = "both kinds of mark, neither at the index asked for",
     .names = {"0000000007.00000.durable", "0000000007.00000#1.data", "0000000007.00000#0#d.data"},
     .index = 1,
     .data = "0000000007.00000#1.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 0d 1d"}},
    {.why = "a .durable older than durable data",
     .names = {"0000000007.00000#1#d.data", "0000000007.00000#0#d.data", "0000000006.00000.durable"},
     .index = 1,
     .data = "0000000007.00000#1#d.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 0d 1d"},
     .obsolete = {"0000000006.00000.durable"}},
    {.why = "an older .durable with its data",
     .names = {"0000000007.00000#1.data", "0000000007.00000#0#d.data", "0000000006.00000.durable",
               "0000000006.00000#0.data"},
     .index = 1,
     .data = "0000000007.00000#1.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 0d 1d"},
     .obsolete = {"0000000006.00000#0.data", "0000000006.00000.durable"}},
    {.why = "a .durable with data, newer than durable data",
     .names = {"0000000008.00000.durable", "0000000008.00000#1.data", "0000000007.00000#1#d.data",
               "0000000007.00000#0#d.data"},
     .index = 1,
     .data = "0000000008.00000#1.data",
     .durable = "0000000008.00000",
     .fragments = {"0000000008.00000: 1d"},
     .obsolete = {"0000000007.00000#0#d.data", "0000000007.00000#1#d.data"}},
    {.why = "a lone .durable newer than durable data: both obsolete and to be reclaimed",
     .names = {"0000000008.00000.durable", "0000000007.00000#1#d.data", "0000000007.00000#0#d.data"},
     .index = 1,
     .fragments = {"0000000007.00000: 0d 1d"},
     .obsolete = {"0000000007.00000#0#d.data", "0000000007.00000#1#d.data", "0000000008.00000.durable"},
     .possible_reclaim = {"0000000007.00000#0#d.data", "0000000007.00000#1#d.data"}},
    {.why = "two .durables, the newer with data",
     .names = {"0000000007.00000.durable", "0000000007.00000#1.data", "0000000006.00000.durable"},
     .data = "0000000007.00000#1.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 1d"},
     .obsolete = {"0000000006.00000.durable"}},
    {.why = "meta and an older lone .durable",
     .names = {"0000000007.00000.meta", "0000000006.00000.durable"},
     .obsolete = {"0000000006.00000.durable"},
     .possible_reclaim = {"0000000007.00000.meta"}},
    {.why = "meta and an older fragment that is not durable",
     .names = {"0000000007.00000.meta", "0000000006.00000#1.data"},
     .fragments = {"0000000006.00000: 1"},
     .possible_reclaim = {"0000000006.00000#1.data", "0000000007.00000.meta"}},
    {.why = "meta, an older lone .durable and yet older data",
     .names = {"0000000007.00000.meta", "0000000006.00000.durable", "0000000005.00000#1.data"},
     .fragments = {"0000000005.00000: 1"},
     .obsolete = {"0000000005.00000#1.data", "0000000006.00000.durable"},
     .possible_reclaim = {"0000000005.00000#1.data", "0000000007.00000.meta"}},
    {.why = "a preference for an older time",
     .names = {"0000000009.00000#2.data", "0000000008.00000#3.data", "0000000007.00000#1#d.data"},
     .preferences = Preferences{{Timestamp::parse("8"), {}}},
     .data = "0000000008.00000#3.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 1d", "0000000008.00000: 3", "0000000009.00000: 2"},
     .possible_reclaim = {"0000000009.00000#2.data"}},
    {.why = "the first preference that can be met",
     .names = {"0000000009.00000#2.data", "0000000008.00000#3.data", "0000000007.00000#1#d.data"},
     .preferences =
         Preferences{{Timestamp::parse("8"), {3}}, {Timestamp::parse("7"), {}}, {Timestamp::parse("9"), {}}},
     .data = "0000000007.00000#1#d.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 1d", "0000000008.00000: 3", "0000000009.00000: 2"},
     .possible_reclaim = {"0000000008.00000#3.data", "0000000009.00000#2.data"}},
    {.why = "a preference takes the highest index not excluded",
     .names = {"0000000007.00000#3#d.data", "0000000007.00000#2#d.data", "0000000007.00000#1#d.data",
               "0000000007.00000#0#d.data"},
     .preferences = Preferences{{Timestamp::parse("7"), {3}}},
     .data = "0000000007.00000#2#d.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 0d 1d 2d 3d"}},
    {.why = "a preference overrides the index asked for",
     .names = {"0000000007.00000#2#d.data", "0000000007.00000#1#d.data", "0000000007.00000#0#d.data"},
     .index = 0,
     .preferences = Preferences{{Timestamp::parse("7"), {2}}},
     .data = "0000000007.00000#1#d.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 0d 1d 2d"}},
    {.why = "a preference that all fragments fail: the newest other time",
     .names = {"0000000009.00000#2.data", "0000000008.00000#3.data", "0000000007.00000#1#d.data"},
     .preferences = Preferences{{Timestamp::parse("9"), {2}}},
     .data = "0000000008.00000#3.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 1d", "0000000008.00000: 3", "0000000009.00000: 2"},
     .possible_reclaim = {"0000000009.00000#2.data"}},
    {.why = "a refused older time: the newest, with the index asked for",
     .names = {"0000000009.00000#2.data", "0000000009.00000#1.data", "0000000007.00000#1#d.data"},
     .index = 1,
     .preferences = Preferences{{Timestamp::parse("7"), {1}}},
     .data = "0000000009.00000#1.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 1d", "0000000009.00000: 1 2"}},
    {.why = "every time refused",
     .names = {"0000000009.00000#2.data", "0000000007.00000#1#d.data"},
     .preferences = Preferences{{Timestamp::parse("9"), {2}}, {Timestamp::parse("7"), {1}}},
     .fragments = {"0000000007.00000: 1d", "0000000009.00000: 2"},
     .possible_reclaim = {"0000000009.00000#2.data"}},
    {.why = "a preference for a time that is not here",
     .names = {"0000000009.00000#2.data", "0000000007.00000#1#d.data"},
     .preferences = Preferences{{Timestamp::parse("8"), {}}},
     .data = "0000000009.00000#2.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 1d", "0000000009.00000: 2"}},
    {.why = "a preference for data older than the durable",
     .names = {"0000000007.00000#1#d.data", "0000000006.00000#2.data"},
     .preferences = Preferences{{Timestamp::parse("6"), {}}},
     .data = "0000000007.00000#1#d.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 1d"},
     .obsolete = {"0000000006.00000#2.data"}},
    {.why = "a preference with an offset",
     .names = {"0000000007.00000_0000000000000001#2.data", "0000000007.00000#1#d.data"},
     .preferences = Preferences{{Timestamp::parse("7_1"), {}}},
     .data = "0000000007.00000_0000000000000001#2.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 1d", "0000000007.00000_0000000000000001: 2"}},
    {.why = "no preferences: the durable data",
     .names = {"0000000003.00000#2.data", "0000000002.00000.meta", "0000000001.00000#3#d.data",
               "0000000001.00000#0.data"},
     .data = "0000000001.00000#3#d.data",
     .meta = "0000000002.00000.meta",
     .durable = "0000000001.00000",
     .fragments = {"0000000001.00000: 0d 3d", "0000000003.00000: 2"},
     .possible_reclaim = {"0000000003.00000#2.data"}},
    {.why = "empty preferences: the newest data without the older meta",
     .names = {"0000000003.00000#2.data", "0000000002.00000.meta", "0000000001.00000#3#d.data",
               "0000000001.00000#0.data"},
     .preferences = Preferences{},
     .data = "0000000003.00000#2.data",
     .durable = "0000000001.00000",
     .fragments = {"0000000001.00000: 0d 3d", "0000000003.00000: 2"}},
    {.why = "empty preferences: the newest data with the newer meta",
     .names = {"0000000004.00000.meta", "0000000003.00000#2.data", "0000000001.00000#3#d.data",
               "0000000001.00000#0.data"},
     .preferences = Preferences{},
     .data = "0000000003.00000#2.data",
     .meta = "0000000004.00000.meta",
     .durable = "0000000001.00000",
     .fragments = {"0000000001.00000: 0d 3d", "0000000003.00000: 2"}},
    {.why = "preferences for durable data",
     .names = {"0000000004.00000.meta", "0000000003.00000#2.data", "0000000001.00000#3#d.data",
               "0000000001.00000#0.data"},
     .preferences =
         Preferences{{Timestamp::parse("1"), {}}, {Timestamp::parse("2"), {}}, {Timestamp::parse("3"), {}}},
     .data = "0000000001.00000#3#d.data",
     .meta = "0000000004.00000.meta",
     .durable = "0000000001.00000",
     .fragments = {"0000000001.00000: 0d 3d", "0000000003.00000: 2"},
     .possible_reclaim = {"0000000003.00000#2.data"}},
    {.why = "preferences for durable data but not its highest index",
     .names = {"0000000004.00000.meta", "0000000003.00000#2.data", "0000000001.00000#3#d.data",
               "0000000001.00000#0.data"},
     .preferences =
         Preferences{{Timestamp::parse("1"), {3}}, {Timestamp::parse("2"), {}}, {Timestamp::parse("3"), {}}},
     .data = "0000000001.00000#0.data",
     .meta = "0000000004.00000.meta",
     .durable = "0000000001.00000",
     .fragments = {"0000000001.00000: 0d 3d", "0000000003.00000: 2"},
     .possible_reclaim = {"0000000003.00000#2.data"}},
    {.why = "preferences that exclude what is not here",
     .names = {"0000000004.00000.meta", "0000000003.00000#2.data", "0000000001.00000#3#d.data",
               "0000000001.00000#0.data"},
     .preferences =
         Preferences{
             {Timestamp::parse("3"), {4, 5, 6}}, {Timestamp::parse("2"), {}}, {Timestamp::parse("1"), {}}},
     .data = "0000000003.00000#2.data",
     .meta = "0000000004.00000.meta",
     .durable = "0000000001.00000",
     .fragments = {"0000000001.00000: 0d 3d", "0000000003.00000: 2"}},
    {.why = "preferences of which the last can be met",
     .names = {"0000000004.00000.meta", "0000000003.00000#2.data", "0000000001.00000#3#d.data",
               "0000000001.00000#0.data"},
     .preferences =
         Preferences{
             {Timestamp::parse("2"), {1}}, {Timestamp::parse("3"), {2}}, {Timestamp::parse("1"), {3}}},
     .data = "0000000001.00000#0.data",
     .meta = "0000000004.00000.meta",
     .durable = "0000000001.00000",
     .fragments = {"0000000001.00000: 0d 3d", "0000000003.00000: 2"},
     .possible_reclaim = {"0000000003.00000#2.data"}},
    {.why = "the highest index, though a set of Python's orders 9 before 2",
     .names = {"0000000007.00000#9.data", "0000000007.00000#2.data"},
     .preferences = Preferences{{Timestamp::parse("7"), {}}},
     .data = "0000000007.00000#9.data",
     .fragments = {"0000000007.00000: 2 9"}},
    {.why = "indexes that are none",
     .names = {"junk#1.data", "0000000007.00000.data", "0000000007.00000#foo.data",
               "0000000007.00000#foo#d.data", "0000000007.00000#None.data", "0000000007.00000#1.ts",
               "0000000007.00000#1.314.data", "0000000007.00000#.data", "0000000007.00000#-2.data",
               "0000000007.00000##d.data", "#1.data"},
     .unexpected = {"#1.data", "0000000007.00000##d.data", "0000000007.00000#-2.data",
                    "0000000007.00000#.data", "0000000007.00000#1.314.data", "0000000007.00000#1.ts",
                    "0000000007.00000#None.data", "0000000007.00000#foo#d.data", "0000000007.00000#foo.data",
                    "0000000007.00000.data", "junk#1.data"}},
    {.why = "what follows the index",
     .names = {"0000000007.00000#3#d#x.data", "0000000007.00000#2#.data", "0000000007.00000#1#junk.data"},
     .data = "0000000007.00000#3#d#x.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 1d 2d 3d"}},
    {.why = "an index below the number of fragments",
     .names = {"0000000007.00000#5#d.data"},
     .policy = &k4Plus2,
     .data = "0000000007.00000#5#d.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 5d"}},
    {.why = "an index as large as the number of fragments",
     .names = {"0000000007.00000#6#d.data", "0000000007.00000#5#d.data"},
     .policy = &k4Plus2,
     .data = "0000000007.00000#5#d.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 5d"},
     .unexpected = {"0000000007.00000#6#d.data"}},
    {.why = "an index without a bound",
     .names = {"0000000007.00000#6#d.data", "0000000007.00000#5#d.data"},
     .data = "0000000007.00000#6#d.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 5d 6d"}},
    {.why = "indexes as Python reads them",
     .names = {"0000000007.00000#1_0.data", "0000000007.00000#02#d.data", "0000000007.00000#-0.data",
               "0000000007.00000#+3.data"},
     .data = "0000000007.00000#1_0.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 0d 2d 3d 10d"}},
    {.why = "one fragment twice: the highest",
     .names = {"0000000007.00000#1.data", "0000000007.00000#1#d.data"},
     .data = "0000000007.00000#1#d.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 1d 1d"}},
    {.why = "one fragment twice: asked for",
     .names = {"0000000007.00000#1.data", "0000000007.00000#1#d.data"},
     .index = 1,
     .data = "0000000007.00000#1.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 1d 1d"}},
    {.why = "a time spelled twice",
     .names = {"7e0#2.data", "0000000007.00000#1#d.data"},
     .data = "7e0#2.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 1d 2d"}},
    {.why = "content type in an older meta",
     .names = {"0000000009.00000.meta", "0000000008.00000+0.meta", "0000000007.00000#1#d.data"},
     .data = "0000000007.00000#1#d.data",
     .meta = "0000000009.00000.meta",
     .content_type = "0000000008.00000+0.meta",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 1d"}},
    {.why = "extensions that nobody knows",
     .names = {"0000000008.00000.foo", "0000000007.00000.foo", "0000000007.00000#1#d.data",
               "0000000006.00000.foo"},
     .data = "0000000007.00000#1#d.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 1d"},
     .obsolete = {"0000000006.00000.foo"}},
    {.why = "what rsync leaves",
     .names = {"0000000007.00000#1#d.data", ".0000000007.00000#1.data.QBCYCU"},
     .data = "0000000007.00000#1#d.data",
     .durable = "0000000007.00000",
     .fragments = {"0000000007.00000: 1d"},
     .unexpected = {".0000000007.00000#1.data.QBCYCU"}},
};

Names fragment_texts(const ObjectFiles& files) {
  Names texts;
  for (const auto& [time, fragments] : files.fragments) {
    std::string text = time.internal() + ":";
    for (const ObjectFile& file : fragments) {
      EXPECT_EQ(file.timestamp, time);
      text += " " + std::to_string(file.fragment_index.value_or(-1)) + (file.durable ? "d" : "");
    }
    texts.push_back(std::move(text));
  }
  return texts;
}

void expect_fragments(const FragmentCase& c, const Names& names) {
  const ObjectFiles files =
      choose_object_files(names, PolicyType::erasure_coding,
                          {.policy = c.policy, .fragment_index = c.index, .preferences = c.preferences});
  EXPECT_EQ(name_or_empty(files.data), c.data) << c.why;
  EXPECT_EQ(name_or_empty(files.tombstone), c.tombstone) << c.why;
  EXPECT_EQ(name_or_empty(files.meta), c.meta) << c.why;
  EXPECT_EQ(name_or_empty(files.content_type), c.content_type) << c.why;
  EXPECT_EQ(files.durable_timestamp ? files.durable_timestamp->internal() : "", c.durable) << c.why;
  EXPECT_EQ(fragment_texts(files), c.fragments) << c.why;
  EXPECT_EQ(sorted_names(files.obsolete), c.obsolete) << c.why;
  EXPECT_EQ(sorted_names(files.possible_reclaim), c.possible_reclaim) << c.why;
  Names unexpected = files.unexpected;
  std::sort(unexpected.begin(), unexpected.end());
  EXPECT_EQ(unexpected, c.unexpected) << c.why;
}

TEST(ChooseFragmentTest, ChoosesAsSwiftDoes) {
  for (const FragmentCase& c : kFragmentCases) expect_fragments(c, c.names);
}

TEST(ChooseFragmentTest, DoesNotDependOnTheOrderOfNames) {
  std::mt19937 random(20232);  // NOLINT: the same shuffles each time
  for (const FragmentCase& c : kFragmentCases) {
    Names names = c.names;
    for (int i = 0; i < 20; ++i) {
      std::shuffle(names.begin(), names.end(), random);
      expect_fragments(c, names);
    }
  }
}

TEST(ChooseFragmentTest, ChosenDataTellsItsIndexAndWhetherItIsDurable) {
  const Names names = {"0000000009.00000#2.data", "0000000007.00000#1.data", "0000000007.00000.durable"};
  const ObjectFiles durable = choose_object_files(names, PolicyType::erasure_coding);
  ASSERT_TRUE(durable.data);
  EXPECT_EQ(durable.data->fragment_index, 1);
  EXPECT_TRUE(durable.data->durable);
  ASSERT_EQ(durable.possible_reclaim.size(), 1U);
  EXPECT_TRUE(durable.possible_reclaim[0].is_undecided());

  const ObjectFiles newest =
      choose_object_files(names, PolicyType::erasure_coding, {.preferences = Preferences{}});
  ASSERT_TRUE(newest.data);
  EXPECT_EQ(newest.data->fragment_index, 2);
  EXPECT_FALSE(newest.data->durable);
}

TEST(ChooseFragmentTest, OnlyFragmentsCanBeUndecided) {
  const ObjectFiles files =
      choose_object_files({"0000000007.00000.meta", "0000000006.00000#0.data"}, PolicyType::erasure_coding);
  for (const ObjectFile& file : files.possible_reclaim) {
    EXPECT_EQ(file.is_undecided(), file.extension == ".data") << file.name;
  }
  EXPECT_EQ(files.possible_reclaim.size(), 2U);
}

TEST(ChooseFragmentTest, TakesAPreferenceThatIsToldTwice) {
  // Swift fails with a KeyError where the first of two preferences for one time cannot be met.
  const Timestamp time = Timestamp::parse("7");
  const ObjectFiles files = choose_object_files({"0000000007.00000#1.data"}, PolicyType::erasure_coding,
                                                {.preferences = Preferences{{time, {1}}, {time, {}}}});
  EXPECT_EQ(name_or_empty(files.data), "0000000007.00000#1.data");
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

// The names and indexes of the next three tests are those of test_parse_on_disk_filename,
// test_parse_on_disk_filename_errors and test_make_on_disk_filename of Swift's TestECDiskFileManager.
TEST(ParseObjectFileTest, ReadsFragmentsOfErasureCoding) {
  for (const char* time : {"1234567890.00001", "1234567890.00001_0000000000000011"}) {
    for (const int index : {0, 2, 13}) {
      const std::string stem = std::string(time) + "#" + std::to_string(index);
      for (const char* mark : {"", "#d", "#junk"}) {
        const std::string name = stem + mark + ".data";
        const ObjectFile file = parse_object_file(name, PolicyType::erasure_coding);
        EXPECT_EQ(file.timestamp.internal(), time);
        EXPECT_EQ(file.fragment_index, index);
        EXPECT_EQ(file.durable, std::string(mark) == "#d") << name;
        EXPECT_EQ(file.extension, ".data");
        EXPECT_THROW(parse_object_file(name), ValueError) << "replication knows no fragments";
      }
    }
    for (const char* extension : {".meta", ".durable", ".ts"}) {
      const ObjectFile file = parse_object_file(std::string(time) + extension, PolicyType::erasure_coding);
      EXPECT_EQ(file.timestamp.internal(), time);
      EXPECT_EQ(file.extension, extension);
      EXPECT_FALSE(file.fragment_index);
      EXPECT_FALSE(file.durable);
    }
  }
}

std::string fragment_error(const std::string& name, const ErasureCoding* policy = nullptr) {
  try {
    parse_object_file(name, PolicyType::erasure_coding, policy);
  } catch (const ValueError& error) {
    return error.what();
  }
  return "";
}

TEST(ParseObjectFileTest, RefusesBadFragmentIndexes) {
  for (const char* mark : {"", "#d"}) {
    for (const char* index : {"", "foo", "1.314", "None", "1_", "--1", "1 2"}) {
      EXPECT_EQ(fragment_error(std::string("1234567890.00001#") + index + mark + ".data"),
                std::string("Bad fragment index: ") + index + ": invalid literal for int() with base 10: '" +
                    index + "'");
    }
    EXPECT_EQ(fragment_error(std::string("1234567890.00001#-2") + mark + ".data"),
              "Fragment index must not be negative: -2");
    EXPECT_EQ(fragment_error(std::string("1234567890.00001#6") + mark + ".data", &k4Plus2),
              "Fragment index must be less than 6 for a 4+2 policy: 6");
    EXPECT_EQ(fragment_error(std::string("1234567890.00001#5") + mark + ".data", &k4Plus2), "");
  }
  EXPECT_EQ(fragment_error("1234567890.00001.data"),
            "Bad fragment index: None: invalid literal for int() with base 10: 'None'");
  EXPECT_NE(fragment_error("junk"), "");
  EXPECT_NE(fragment_error("junk#1.data"), "");
}

TEST(ParseFragmentIndexTest, ReadsWhatPythonsIntReads) {
  EXPECT_EQ(parse_fragment_index("02", &k4Plus2), 2);
  EXPECT_EQ(parse_fragment_index(" +3\n", &k4Plus2), 3);
  EXPECT_EQ(parse_fragment_index("-0", &k4Plus2), 0);
  EXPECT_EQ(parse_fragment_index("1_0"), 10);
  EXPECT_EQ(parse_fragment_index("\xc2\xa0"
                                 "1"),
            1);  // a no-break space, as names have it
  EXPECT_THROW(parse_fragment_index("\xa0"
                                    "1"),
               ValueError);  // no UTF-8
  EXPECT_EQ(parse_fragment_index("2147483647"), 2147483647);
  EXPECT_EQ(parse_fragment_index("99999999999999999999"), 2147483647);
  EXPECT_THROW(parse_fragment_index("99999999999999999999", &k4Plus2), ValueError);
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

TEST(MakeFragmentNameTest, SpellsIndexAndMark) {
  for (const char* text : {"1234567890.00001", "1234567890.00001_0000000000000011"}) {
    const Timestamp time = Timestamp::parse(text);
    for (const int index : {0, 2, 13}) {
      const std::string stem = std::string(text) + "#" + std::to_string(index);
      EXPECT_EQ(make_fragment_name(time, index, Durability::undecided), stem + ".data");
      EXPECT_EQ(make_fragment_name(time, index, Durability::durable), stem + "#d.data");
    }
    EXPECT_THROW(make_fragment_name(time, -2, Durability::durable), ValueError);
  }
}

}  // namespace
}  // namespace ssync
