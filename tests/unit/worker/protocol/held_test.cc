#include "worker/protocol/held.h"

#include <gtest/gtest.h>

#include <string>

#include "common/os/md5.h"
#include "common/python/errors.h"

namespace ssync {
namespace {

constexpr const char* kHash = "9d41d8cd98f00b204e9800998ecf0abc";

HeldObject held(bool is_deleted, const char* data, const char* meta) {
  return {.hash = *parse_object_hash(kHash),
          .is_deleted = is_deleted,
          .data = Timestamp::parse(data),
          .meta = Timestamp::parse(meta)};
}

std::string line_of(const HeldObject& held) {
  std::string line;
  append_held(held, line);
  return line;
}

TEST(AppendHeldTest, SaysWhatThereIsWithItsTimes) {
  EXPECT_EQ(line_of(held(false, "1700000001", "1700000002.5_a")),
            std::string(kHash) + " data 1700000001.00000 1700000002.50000_000000000000000a\r\n");
  EXPECT_EQ(line_of(held(true, "1700000001", "1700000001")),
            std::string(kHash) + " deleted 1700000001.00000 1700000001.00000\r\n");
}

TEST(ParseHeldTest, ReadsWhatIsWritten) {
  for (const HeldObject& one : {held(false, "1700000001_1", "1700000002_ff"), held(true, "1.5", "1.5")}) {
    const HeldObject read = parse_held(line_of(one));
    EXPECT_EQ(read.hash, one.hash);
    EXPECT_EQ(read.is_deleted, one.is_deleted);
    EXPECT_EQ(read.data, one.data);
    EXPECT_EQ(read.meta, one.meta);
  }
}

TEST(ParseHeldTest, RefusesEverythingElse) {
  const std::string hash = kHash;
  for (const std::string& line :
       {std::string(), hash, hash + " data", hash + " data 1700000001", hash + " data 1700000001 then",
        hash + " data then 1700000001", hash + " gone 1700000001 1700000001",
        hash + " data 1700000001 1700000001 1700000001", "x" + hash + " data 1700000001 1700000001",
        std::string(":UPDATES: START"), std::string("\xff \xfe \xfd \xfc")}) {
    EXPECT_THROW(static_cast<void>(parse_held(line)), ValueError) << line;
  }
}

}  // namespace
}  // namespace ssync
