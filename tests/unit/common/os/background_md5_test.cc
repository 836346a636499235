#include "common/os/background_md5.h"

#include <gtest/gtest.h>

namespace ssync {
namespace {

TEST(BackgroundMd5Test, EqualsMd5OfAllPiecesInOrder) {
  for (const int pieces : {0, 1, 2, 7, 8, 9, 100, 1000}) {
    BackgroundMd5 md5;
    std::string all;
    std::string buffer;
    for (int i = 0; i < pieces; ++i) {
      buffer.assign(static_cast<std::size_t>(i * 37 % 5000), static_cast<char>('a' + i % 26));
      all += buffer;
      buffer = md5.exchange(std::move(buffer));
      EXPECT_TRUE(buffer.empty());
    }
    EXPECT_EQ(md5.hex(), md5_hex(all)) << pieces;
  }
}

TEST(BackgroundMd5Test, GoesOnAfterHex) {
  BackgroundMd5 md5;
  md5.exchange("hel");
  EXPECT_EQ(md5.hex(), md5_hex("hel"));
  md5.exchange("lo");
  EXPECT_EQ(md5.hex(), md5_hex("hello"));
}

TEST(BackgroundMd5Test, CanBeLeftWithWorkToDo) {
  BackgroundMd5 md5;
  for (int i = 0; i < 20; ++i) md5.exchange(std::string(100000, 'x'));
}

}  // namespace
}  // namespace ssync
