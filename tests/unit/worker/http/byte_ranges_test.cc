#include "worker/http/byte_ranges.h"

#include <gtest/gtest.h>

#include <string>

namespace ssync {
namespace {

// "ignored", "none", or "start-stop …" with the stops that ByteRange has.
std::string ranges(const std::string& header, std::int64_t length) {
  const auto specs = parse_range_header(header);
  if (!specs) return "ignored";
  std::string result;
  for (const ByteRange& range : ranges_for_length(*specs, length)) {
    if (!result.empty()) result += ' ';
    result += std::to_string(range.start) + "-" + std::to_string(range.stop);
  }
  return result.empty() ? "none" : result;
}

std::string bytes_one_by_one(int count, int step) {
  std::string header = "bytes=";
  for (int number = 0; number < count; ++number) {
    const std::string position = std::to_string(number * step);
    header.append(number == 0 ? "" : ",").append(position).append("-").append(position);
  }
  return header;
}

TEST(ByteRangesTest, AreThoseOfSwob) {
  struct Case {
    std::string header;
    std::int64_t length;
    std::string result;
  };
  const Case cases[] = {
      {"bytes=0-9", 100, "0-10"},
      {"bytes=0-", 100, "0-100"},
      {"bytes=99-", 100, "99-100"},
      {"bytes=99-500", 100, "99-100"},
      {"bytes=100-", 100, "none"},
      {"bytes=-1", 100, "99-100"},
      {"bytes=-100", 100, "0-100"},
      {"bytes=-101", 100, "0-100"},
      {"bytes=-0", 100, "none"},
      {"bytes=-5", 0, "0-0"},
      {"bytes=0-", 0, "none"},
      {"bytes=5-5", 100, "5-6"},
      {"bytes=5-4", 100, "ignored"},
      {"bytes=", 100, "ignored"},
      {"bytes=-", 100, "ignored"},
      {"bytes=5", 100, "ignored"},
      {"bytes=x-5", 100, "ignored"},
      {"bytes=5-x", 100, "ignored"},
      {"bytes=--5", 100, "ignored"},
      {"bytes=5--6", 100, "ignored"},
      {"bytes=+5-6", 100, "5-7"},
      {"bytes=5-+6", 100, "ignored"},
      {"bytes=1_0-20", 100, "10-21"},
      {"bytes=10-2_0", 100, "ignored"},
      {"Bytes = 5 - 6 ", 100, "5-7"},
      {"bytes=\t5-6", 100, "5-7"},
      {"bits=5-6", 100, "ignored"},
      {"", 100, "ignored"},
      {"bytes=1-2,", 100, "ignored"},
      {"bytes=1-2,,3-4", 100, "ignored"},
      {"bytes=18446744073709551616-", 100, "none"},
      {"bytes=0-18446744073709551616", 100, "0-100"},
      {"bytes=-18446744073709551616", 100, "0-100"},
      {"bytes=0-9223372036854775807", 9223372036854775807, "0-9223372036854775807"},
      {"bytes=0-1,5-6", 100, "0-2 5-7"},
      {"bytes=5-6,0-1", 100, "5-7 0-2"},
      {"bytes=0-1,500-", 100, "0-2"},
      {"bytes=500-,600-", 100, "none"},
      // Two pairs may overlap, three not.
      {"bytes=0-9,5-14,10-19", 100, "0-10 5-15 10-20"},
      {"bytes=0-9,5-14,10-19,15-24", 100, "none"},
      {"bytes=0-9,1-8,2-7", 100, "none"},
      {"bytes=0-9,0-9,0-9,0-9", 100, "0-10 0-10 0-10 0-10"},
      {"bytes=0-9,0-5,0-7", 100, "none"},
      {"bytes=0-4,5-9", 100, "0-5 5-10"},
      // Seven may go back and forth, eight not.
      {"bytes=9-9,1-1,3-3,5-5,7-7,11-11,13-13", 100, "9-10 1-2 3-4 5-6 7-8 11-12 13-14"},
      {"bytes=9-9,1-1,3-3,5-5,7-7,11-11,13-13,15-15", 100, "none"},
      {bytes_one_by_one(51, 2), 1000, "none"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(ranges(c.header, c.length), c.result) << c.header << " of " << c.length;
  }
  EXPECT_NE(ranges(bytes_one_by_one(50, 2), 1000), "none");
  // Those that cannot be satisfied do not count.
  EXPECT_EQ(ranges(bytes_one_by_one(5000, 10), 11), "0-1 10-11");
}

}  // namespace
}  // namespace ssync
