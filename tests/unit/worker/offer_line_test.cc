#include "worker/offer_line.h"

#include <gtest/gtest.h>

#include "worker/missing_check.h"

namespace ssync {
namespace {

constexpr char kHash[] = "9d41d8cd98f00b204e9800998ecf0abc";
const Timestamp kTime = Timestamp::parse("1700000000.00000");

OfferedObject object(std::optional<Timestamp> meta = {}, std::optional<Timestamp> content_type = {}) {
  return {.hash = *parse_object_hash(kHash), .data = kTime, .meta = meta, .content_type = content_type};
}

std::string line_of(const OfferedObject& object) {
  std::string text;
  append_offer_line(object, text);
  return text;
}

// What encode_missing of Swift 2.30.1 gives, without the hash and the data's time.
TEST(OfferLineTest, IsThatOfSwift) {
  const auto at = [](std::int64_t seconds, std::uint64_t offset = 0) {
    return Timestamp::from_raw(kTime.raw() + seconds * 100000, offset);
  };
  OfferedObject undecided = object();
  undecided.durable = false;
  OfferedObject everything = object(at(2), at(1));
  everything.durable = false;
  const std::pair<OfferedObject, std::string> cases[] = {
      {object(), ""},
      {object(kTime), ""},
      {object(at(2)), " m:30d40"},
      {object(at(2, 2)), " m:30d40"},
      {object(at(0, 1)), " m:0"},
      {object(at(-1)), " m:-186a0"},
      {object(kTime, at(1)), ""},
      {object({}, at(1)), ""},
      {object(at(2), at(1)), " m:30d40,t:186a0"},
      {object(at(2), kTime), " m:30d40"},
      {undecided, " durable:False"},
      {everything, " m:30d40,t:186a0,durable:False"},
  };
  for (const auto& [offered, items] : cases) {
    EXPECT_EQ(line_of(offered), std::string(kHash) + " 1700000000.00000" + items + "\r\n");
  }
}

TEST(OfferLineTest, TellsTheOffsetOfTheData) {
  OfferedObject offered = object();
  offered.data = Timestamp::parse("1700000000.00000_5");
  EXPECT_EQ(line_of(offered), std::string(kHash) + " 1700000000.00000_0000000000000005\r\n");
}

TEST(OfferLineTest, IsReadByOurReceiver) {
  const Timestamp meta = Timestamp::parse("1700000002.00000");
  const Timestamp content_type = Timestamp::parse("1700000001.00000");
  OfferedObject offered = object(meta, content_type);
  offered.durable = false;
  const Offer read = parse_offer(line_of(offered));
  EXPECT_EQ(read.object_hash, kHash);
  EXPECT_EQ(read.data, kTime);
  EXPECT_EQ(read.meta, meta);
  EXPECT_EQ(read.content_type, content_type);
  EXPECT_FALSE(read.durable);
}

TEST(OfferLineTest, IsAppended) {
  std::string text = "before";
  append_offer_line(object(), text);
  EXPECT_EQ(text, "before" + line_of(object()));
}

}  // namespace
}  // namespace ssync
