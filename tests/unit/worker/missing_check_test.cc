#include "worker/missing_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/xattr.h>

#include <filesystem>
#include <fstream>

#include "common/errors.h"
#include "tests/unit/temporary_device.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kHash = "0123456789abcdef0123456789abcdef";  // NOLINT(cert-err58-cpp)

std::string error_of(const std::string& line, Offer (*parse)(std::string_view) = parse_offer) {
  try {
    parse(line);
  } catch (const ValueError& error) {
    return error.what();
  }
  return "no error";
}

struct OfferCase {
  const char* line;  // behind the hash
  const char* data;
  const char* meta;
  const char* content_type;
  bool durable;
};

TEST(ParseOfferTest, ReadsWhatSendersOfAllVersionsWrite) {
  const OfferCase cases[] = {
      {" 1700000000.00000\r\n", "1700000000.00000", "1700000000.00000", "1700000000.00000", true},
      {" 1.7e9", "1700000000.00000", "1700000000.00000", "1700000000.00000", true},
      {"\t 1700000000%2E00000", "1700000000.00000", "1700000000.00000", "1700000000.00000", true},
      {" 1700000000.00000 m:30d40", "1700000000.00000", "1700000002.00000", "1700000000.00000", true},
      {" 1700000000.00000 t:186a0", "1700000000.00000", "1700000000.00000", "1700000001.00000", true},
      {" 1700000000.00000 m:30d40,t:186a0,durable:False", "1700000000.00000", "1700000002.00000",
       "1700000001.00000", false},
      {" 1700000000.00000 m%3A30d40%2Ct:186a0", "1700000000.00000", "1700000002.00000", "1700000001.00000",
       true},
      // Swift 2.32 and later: an offset of the delta's own.
      {" 1700000000.00000 m:30d40__2", "1700000000.00000", "1700000002.00000_0000000000000002",
       "1700000000.00000", true},
      {" 1700000000.00000 m:0__a,t:0", "1700000000.00000", "1700000000.00000_000000000000000a",
       "1700000000.00000", true},
      // lp2007643: the data's offset is not that of the others.
      {" 1700000000.00000_5 m:30d40,t:186a0", "1700000000.00000_0000000000000005", "1700000002.00000",
       "1700000001.00000", true},
      {" 1700000000.00000_5", "1700000000.00000_0000000000000005", "1700000000.00000_0000000000000005",
       "1700000000.00000_0000000000000005", true},
      // Signs, 0x and capitals, as int(v, 16) reads.
      {" 1700000000.00000 m:+0x30D40,t:-186a0", "1700000000.00000", "1700000002.00000", "1699999999.00000",
       true},
      // The last of several counts; what is not known does not.
      {" 1700000000.00000 m:1,m:30d40,z:9,junk,,durable:no", "1700000000.00000", "1700000002.00000",
       "1700000000.00000", false},
      {" 1700000000.00000 junk m:30d40", "1700000000.00000", "1700000000.00000", "1700000000.00000", true},
      {" 1700000000.00000 durable:maybe", "1700000000.00000", "1700000000.00000", "1700000000.00000", false},
      {" 1700000000.00000 durable:", "1700000000.00000", "1700000000.00000", "1700000000.00000", false},
      {" 1700000000.00000 durable:Yes", "1700000000.00000", "1700000000.00000", "1700000000.00000", true},
  };
  for (const OfferCase& c : cases) {
    SCOPED_TRACE(c.line);
    const Offer offer = parse_offer(kHash + c.line);
    EXPECT_EQ(offer.object_hash, kHash);
    EXPECT_EQ(offer.data.internal(), c.data);
    EXPECT_EQ(offer.meta.internal(), c.meta);
    EXPECT_EQ(offer.content_type.internal(), c.content_type);
    EXPECT_EQ(offer.durable, c.durable);
  }
}

// Compared with decode_missing of Swift 2.30.1.
TEST(ParseOfferTest, FailsInPythonsWords) {
  struct Case {
    const char* line;
    const char* message;
  };
  const Case cases[] = {
      {"", "list index out of range"},
      {"\r\n", "list index out of range"},
      {"0123456789abcdef0123456789abcdef", "list index out of range"},
      {"0123456789abcdef0123456789abcdef x", "could not convert string to float: 'x'"},
      {"0123456789abcdef0123456789abcdef -1", "timestamp cannot be negative"},
      {"0123456789abcdef0123456789abcdef 1e20", "timestamp too large"},
      {"0123456789abcdef0123456789abcdef 1 m:x", "invalid literal for int() with base 16: 'x'"},
      {"0123456789abcdef0123456789abcdef 1 t:", "invalid literal for int() with base 16: ''"},
      {"0123456789abcdef0123456789abcdef 1 m:1:2", "too many values to unpack (expected 2)"},
      {"0123456789abcdef0123456789abcdef 1 z:1:2", "too many values to unpack (expected 2)"},
      {"0123456789abcdef0123456789abcdef 1 m:-186a1", "delta must be greater than 1"},
      {"0123456789abcdef0123456789abcdef 1 \xc3\xa9",
       "'ascii' codec can't decode byte 0xc3 in position 35: ordinal not in range(128)"},
  };
  for (const Case& c : cases) EXPECT_EQ(error_of(c.line), c.message) << c.line;
}

// Swift joins it into a path.
TEST(ParseOfferTest, RefusesAHashThatIsNone) {
  for (const char* hash : {"../../../../etc", "%2e%2e%2f%2e%2e%2f", "x", "0123456789ABCDEF0123456789abcdef",
                           "0123456789abcdef0123456789abcdef%00", "0123456789abcdef0123456789abcde"}) {
    EXPECT_THAT(error_of(std::string(hash) + " 1700000000.00000"), HasSubstr("Invalid object hash")) << hash;
    EXPECT_THAT(error_of(std::string(hash) + " 1700000000.00000", parse_offer_2013),
                HasSubstr("Invalid object hash"))
        << hash;
  }
  EXPECT_EQ(parse_offer("%30123456789abcdef0123456789abcdef 1").object_hash, kHash);
}

TEST(ParseOffer2013Test, ReadsTwoWords) {
  const Offer offer = parse_offer_2013(kHash + " 1700000000.00000\r\n");
  EXPECT_EQ(offer.object_hash, kHash);
  EXPECT_EQ(offer.data.internal(), "1700000000.00000");
  EXPECT_EQ(error_of(kHash + " 1 m:1", parse_offer_2013), "too many values to unpack (expected 2)");
  EXPECT_EQ(error_of(kHash, parse_offer_2013), "not enough values to unpack (expected 2, got 1)");
  EXPECT_EQ(error_of("", parse_offer_2013), "not enough values to unpack (expected 2, got 0)");
}

std::optional<Timestamp> seconds(int count) {
  if (count == 0) return std::nullopt;
  return Timestamp::from_raw(count * 100000LL);
}

TEST(WantedPartsTest, DecidesAsSwiftDoes) {
  struct Case {
    const char* why;
    int offered[3];  // data, meta, content type
    int local[3];    // 0: none
    const char* parts;
  };
  const Case cases[] = {
      {"nothing here", {1, 1, 1}, {0, 0, 0}, "dm"},
      {"in sync", {1, 1, 1}, {1, 1, 1}, ""},
      {"in sync after a POST", {1, 3, 2}, {1, 3, 2}, ""},
      {"newer data", {2, 2, 2}, {1, 1, 1}, "dm"},
      {"newer data, meta older than ours", {2, 2, 2}, {1, 3, 1}, "d"},
      {"newer data than a tombstone", {2, 2, 2}, {1, 0, 0}, "d"},
      {"newer data and meta than a tombstone", {2, 3, 3}, {1, 0, 0}, "d"},
      {"meta newer than a tombstone that is newer than the data", {1, 3, 3}, {2, 0, 0}, ""},
      {"data as old as a tombstone", {1, 1, 1}, {1, 0, 0}, ""},
      {"newer meta", {1, 2, 1}, {1, 1, 1}, "m"},
      {"older data, newer meta", {1, 3, 1}, {2, 2, 2}, "m"},
      {"older meta", {1, 1, 1}, {1, 2, 1}, ""},
      {"newer content type", {1, 2, 2}, {1, 2, 1}, "m"},
      {"content type newer than ours but as old as the data", {2, 2, 2}, {2, 3, 1}, ""},
      {"older content type", {1, 2, 1}, {1, 2, 2}, ""},
      {"all older", {1, 1, 1}, {2, 2, 2}, ""},
  };
  for (const Case& c : cases) {
    const Offer offer{kHash, *seconds(c.offered[0]), *seconds(c.offered[1]), *seconds(c.offered[2]), true};
    const LocalObject local{seconds(c.local[0]), seconds(c.local[1]), seconds(c.local[2])};
    EXPECT_EQ(wanted_parts(offer, local), c.parts) << c.why;
  }
}

TEST(Wanted2013Test, ComparesWithTheNewestThatIsHere) {
  const auto wanted = [](int offered, int data, int meta) {
    const Offer offer{kHash, *seconds(offered), *seconds(offered), *seconds(offered), true};
    return wanted_2013(offer, {seconds(data), seconds(meta), seconds(data)});
  };
  EXPECT_TRUE(wanted(1, 0, 0));
  EXPECT_TRUE(wanted(2, 1, 0));  // a tombstone
  EXPECT_FALSE(wanted(1, 1, 0));
  EXPECT_TRUE(wanted(3, 1, 2));
  EXPECT_FALSE(wanted(2, 1, 2));
  EXPECT_FALSE(wanted(2, 1, 3));
}

const char kT1[] = "1700000001.00000";
const char kT2[] = "1700000002.00000";

class LookUpTest : public ::testing::Test {
 protected:
  [[nodiscard]] Offer offer_of(const ObjectName& name) const {
    return {.object_hash = device_.hash_of(name), .data = {}, .meta = {}, .content_type = {}};
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
  // A wrong name leads to the other object.
  const ObjectName other{"a", "c", "other"};
  device_.add_data(other, kT2, "hello");
  device_.add_file(name_, "." + std::string(kT1) + ".data.Xy095a", TemporaryDevice::named(other, kT1));
  EXPECT_EQ(found(name_), std::string(kT2) + " " + kT2 + " " + kT2);
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
