#include "worker/protocol/offer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "common/python/errors.h"
#include "common/python/hex.h"
#include "tests/unit/thrown_message.h"

namespace ssync {
namespace {

using ::testing::HasSubstr;

const std::string kHash = "0123456789abcdef0123456789abcdef";  // NOLINT(cert-err58-cpp)

std::string error_of(const std::string& line, Dialect dialect = Dialect::ssync) {
  return thrown_message<ValueError>([&] { parse_offer(line, dialect); });
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
    EXPECT_EQ(python::to_hex(offer.hash), kHash);
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
    EXPECT_THAT(error_of(std::string(hash) + " 1700000000.00000", Dialect::replication_2013),
                HasSubstr("Invalid object hash"))
        << hash;
  }
  EXPECT_EQ(python::to_hex(parse_offer("%30123456789abcdef0123456789abcdef 1").hash), kHash);
}

TEST(ParseOffer2013Test, ReadsTwoWords) {
  const Offer offer = parse_offer(kHash + " 1700000000.00000\r\n", Dialect::replication_2013);
  EXPECT_EQ(python::to_hex(offer.hash), kHash);
  EXPECT_EQ(offer.data.internal(), "1700000000.00000");
  EXPECT_EQ(error_of(kHash + " 1 m:1", Dialect::replication_2013), "too many values to unpack (expected 2)");
  EXPECT_EQ(error_of(kHash, Dialect::replication_2013), "not enough values to unpack (expected 2, got 1)");
  EXPECT_EQ(error_of("", Dialect::replication_2013), "not enough values to unpack (expected 2, got 0)");
}

const Timestamp kTime = Timestamp::parse("1700000000.00000");

Offer object(const Timestamp& meta = kTime, const Timestamp& content_type = kTime) {
  Offer offer = Offer::of(*parse_object_hash(kHash), kTime);
  offer.meta = meta;
  offer.content_type = content_type;
  return offer;
}

std::string line_of(const Offer& object) {
  std::string text;
  append_offer(object, text);
  return text;
}

// What encode_missing of Swift 2.30.1 gives, without the hash and the data's time.
TEST(AppendOfferTest, IsThatOfSwift) {
  const auto at = [](std::int64_t seconds, std::uint64_t offset = 0) {
    return Timestamp::from_raw(kTime.raw() + seconds * 100000, offset);
  };
  Offer undecided = object();
  undecided.durable = false;
  Offer everything = object(at(2), at(1));
  everything.durable = false;
  const std::pair<Offer, std::string> cases[] = {
      {object(), ""},
      {object(at(2)), " m:30d40"},
      {object(at(2, 2)), " m:30d40"},
      {object(at(0, 1)), " m:0"},
      {object(at(-1)), " m:-186a0"},
      {object(kTime, at(1)), ""},
      {object(kTime, at(1)), ""},
      {object(at(2), at(1)), " m:30d40,t:186a0"},
      {object(at(2), kTime), " m:30d40"},
      {undecided, " durable:False"},
      {everything, " m:30d40,t:186a0,durable:False"},
  };
  for (const auto& [offered, items] : cases) {
    EXPECT_EQ(line_of(offered), kHash + " 1700000000.00000" + items + "\r\n");
  }
}

TEST(AppendOfferTest, TellsTheOffsetOfTheData) {
  const Offer offered = Offer::of(object().hash, Timestamp::parse("1700000000.00000_5"));
  EXPECT_EQ(line_of(offered), kHash + " 1700000000.00000_0000000000000005\r\n");
}

// What the sender writes, the receiver reads: all but the offsets of the times of metadata and content type,
// and a content type's time that no POST goes with.
TEST(OfferRoundTripTest, IsReadAsItWasWritten) {
  const auto at = [](std::int64_t seconds) { return Timestamp::from_raw(kTime.raw() + seconds * 100000); };
  for (const bool durable : {true, false}) {
    for (const std::int64_t meta : {0, 2, -1, 1'000'000}) {
      for (const std::int64_t content_type : {0, 1, -1}) {
        Offer written = object(at(meta), meta == 0 ? kTime : at(content_type));
        written.durable = durable;
        const Offer read = parse_offer(line_of(written));
        SCOPED_TRACE(line_of(written));
        EXPECT_EQ(read.hash, written.hash);
        EXPECT_EQ(read.data, written.data);
        EXPECT_EQ(read.meta, written.meta);
        EXPECT_EQ(read.content_type, written.content_type);
        EXPECT_EQ(read.durable, written.durable);
      }
    }
  }
}

TEST(OfferRoundTripTest, ALineOf2013IsAnOfferWithoutItems) {
  const Offer read = parse_offer(line_of(object()), Dialect::replication_2013);
  EXPECT_EQ(read.hash, object().hash);
  EXPECT_EQ(read.data, kTime);
}

TEST(AppendOfferTest, IsAppended) {
  std::string text = "before";
  append_offer(object(), text);
  EXPECT_EQ(text, "before" + line_of(object()));
}

}  // namespace
}  // namespace ssync
