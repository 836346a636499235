#include "worker/http/multipart_ranges.h"

#include <gtest/gtest.h>

namespace ssync {
namespace {

TEST(MultipartRangesTest, AreFramedAsSwobFramesThem) {
  const MultipartRanges parts({{0, 2}, {95, 100}}, "text/plain", 100);
  const std::string prefix = "multipart/byteranges;boundary=";
  ASSERT_TRUE(parts.content_type().starts_with(prefix));
  const std::string boundary = parts.content_type().substr(prefix.size());
  EXPECT_EQ(boundary.size(), 32U);
  EXPECT_EQ(boundary.find_first_not_of("0123456789abcdef"), std::string::npos);

  std::string body;
  for (const ByteRange& range : parts.ranges()) {
    body += parts.part_head(range);
    body.append(static_cast<std::size_t>(range.size()), 'x');
    body += MultipartRanges::part_end();
  }
  body += parts.body_end();
  EXPECT_EQ(body, "--" + boundary +
                      "\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/100\r\n\r\nxx\r\n--" +
                      boundary +
                      "\r\nContent-Type: text/plain\r\nContent-Range: bytes 95-99/100\r\n\r\nxxxxx\r\n--" +
                      boundary + "--");
  EXPECT_EQ(parts.content_length(), static_cast<std::int64_t>(body.size()));
}

TEST(MultipartRangesTest, HaveBoundariesOfTheirOwn) {
  EXPECT_NE(MultipartRanges({}, "a", 1).content_type(), MultipartRanges({}, "a", 1).content_type());
}

}  // namespace
}  // namespace ssync
