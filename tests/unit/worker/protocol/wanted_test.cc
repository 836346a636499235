#include "worker/protocol/wanted.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "common/os/md5.h"

namespace ssync {
namespace {

TEST(ParseWantedTest, ReadsPartsAsSwiftDoes) {
  const std::tuple<std::string, std::string, std::string> cases[] = {
      {"abc d", "abc", "d"},
      {"abc m", "abc", "m"},
      {"abc dm", "abc", "dm"},
      {"abc md", "abc", "dm"},
      {"abc", "abc", "d"},
      {"abc x", "abc", "d"},
      {"abc dx", "abc", "d"},
      {"abc d m", "abc", "d"},
      {"  abc \t m ", "abc", "m"},
      {"d", "d", "d"},
      {"", "", "d"},
      {std::string("abc\0 m", 6), std::string("abc\0", 4), "m"},
      {"\xff\xfe m", "\xff\xfe", "m"},
  };
  for (const auto& [line, hash, parts] : cases) {
    const WantedLine wanted = parse_wanted(line);
    EXPECT_EQ(wanted.object_hash, hash) << line;
    EXPECT_EQ(std::string(wanted.parts.data ? "d" : "") + (wanted.parts.meta ? "m" : ""), parts) << line;
  }
}

TEST(AppendWantedTest, IsThatOfSwift) {
  const ObjectHash hash = *parse_object_hash("9d41d8cd98f00b204e9800998ecf0abc");
  const auto line = [&](WantedParts parts, Dialect dialect = Dialect::ssync) {
    std::string text = "before\r\n";
    append_wanted(hash, parts, dialect, text);
    return text;
  };
  const std::string prefix = "before\r\n9d41d8cd98f00b204e9800998ecf0abc";
  EXPECT_EQ(line({.data = true, .meta = true}), prefix + " dm");
  EXPECT_EQ(line({.data = true}), prefix + " d");
  EXPECT_EQ(line({.meta = true}), prefix + " m");
  EXPECT_EQ(line({.data = true}, Dialect::replication_2013), prefix);
}

// What the receiver writes, the sender reads.
TEST(WantedRoundTripTest, IsReadAsItWasWritten) {
  const ObjectHash hash = md5_digest("x");
  for (const WantedParts parts :
       {WantedParts{true, false}, WantedParts{false, true}, WantedParts{true, true}}) {
    std::string line;
    append_wanted(hash, parts, Dialect::ssync, line);
    const WantedLine read = parse_wanted(line);
    EXPECT_EQ(parse_object_hash(read.object_hash), hash);
    EXPECT_EQ(read.parts, parts);
  }
  std::string bare;
  append_wanted(hash, {.data = true}, Dialect::replication_2013, bare);
  EXPECT_EQ(parse_object_hash(parse_wanted(bare).object_hash), hash);
  EXPECT_EQ(parse_wanted(bare).parts, (WantedParts{.data = true}));
}

}  // namespace
}  // namespace ssync
