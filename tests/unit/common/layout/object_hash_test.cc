#include "common/layout/object_hash.h"

#include <gtest/gtest.h>

#include "common/os/md5.h"
#include "common/python/hex.h"

namespace ssync {
namespace {

TEST(ObjectHashTest, IsReadAndWritten) {
  const std::string hex = "00019aaf0123456789abcdef00ff7f80";
  const auto hash = parse_object_hash(hex);
  ASSERT_TRUE(hash);
  EXPECT_EQ((*hash)[0], 0);
  EXPECT_EQ((*hash)[2], 0x9a);
  EXPECT_EQ((*hash)[15], 0x80);
  EXPECT_EQ(python::to_hex(*hash), hex);
}

TEST(ObjectHashTest, IsThatOfMd5) {
  EXPECT_EQ(python::to_hex(md5_digest("some text")), md5_hex("some text"));
}

TEST(ObjectHashTest, RefusesWhatIsNone) {
  for (const char* text : {"", "0", "00019aaf0123456789abcdef00ff7f8", "00019aaf0123456789abcdef00ff7f800",
                           "00019AAF0123456789abcdef00ff7f80", "00019aaf0123456789abcdef00ff7f8g",
                           "../../../../../etc/passwd......."}) {
    EXPECT_FALSE(parse_object_hash(text)) << text;
  }
}

}  // namespace
}  // namespace ssync
