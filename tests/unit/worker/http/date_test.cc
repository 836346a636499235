#include "worker/http/date.h"

#include <gtest/gtest.h>

#include <string>

namespace ssync {
namespace {

std::string read(const std::string& text) {
  const auto date = parse_http_date(text);
  if (!date) return "none";
  std::string result;
  for (const int part : {date->year, date->month, date->day, date->hour, date->minute, date->second}) {
    result.append(result.empty() ? "" : " ").append(std::to_string(part));
  }
  return result;
}

TEST(HttpDateTest, IsReadInItsThreeForms) {
  const std::string expected = "1994 11 6 8 49 37";
  for (const char* text : {
           "Sun, 06 Nov 1994 08:49:37 GMT",
           "Sunday, 06-Nov-94 08:49:37 GMT",
           "Sun Nov  6 08:49:37 1994",
           "6 Nov 1994 8:49:37",
           "sun, 6 NOV 1994 08:49:37 gmt",
           "Sun, 06 Nov 1994 08:49:37 +0100",
           "Sun, 06 Nov 1994 08:49:37 -0500",
       }) {
    EXPECT_EQ(read(text), expected) << text;
  }
  EXPECT_EQ(read("6 Nov 1994 08:49 GMT"), "1994 11 6 8 49 0");
  EXPECT_EQ(read("6 Nov 68 08:49:00"), "2068 11 6 8 49 0");
  EXPECT_EQ(read("6 Nov 69 08:49:00"), "1969 11 6 8 49 0");
  EXPECT_EQ(read("29 Feb 2000 00:00:00"), "2000 2 29 0 0 0");
}

// Each as email.utils.parsedate() of Python 3.11 reads it.
TEST(HttpDateTest, IsReadInWhatIsNearToThem) {
  const std::string expected = "1994 11 6 8 49 37";
  for (const char* text : {
           "Sun Nov 6 1994 08:49:37",
           "06-Nov-94 08:49:37 GMT",
           "Sun,6 November 94 08:49:37",
           "Sunday, 6 NOVEMBER 94 8.49.37",
           "Sun, 6, Nov 1994, 08:49:37, GMT",
           "6 Nov 08:49:37 1994",
           "6 Nov GMT 08:49:37 94",
           "06 Nov 1994 08:49:37+0100",
           "06 Nov 1994 08:49:37-0100",
           "06 Nov 1994 08:49:37 yesterday or so",
           "Sun, 06 Nov 1994 08:49:37 08:49:37",
           "+6 Nov 1_994 08:49:37",
           "6\xa0Nov\x85 1994\x1c 08:49:37",
       }) {
    EXPECT_EQ(read(text), expected) << text;
  }
  EXPECT_EQ(read("6 May 1994 08.49"), "1994 5 6 8 49 0");
}

TEST(HttpDateTest, IsNoneForAllElse) {
  for (const char* text : {
           "",
           " ",
           "yesterday",
           "0",
           "1700000000",
           "Sun, 06 Nov 1994",
           "08:49:37",
           "Sun, 06 Nov 08:49:37 GMT",
           "Sun, 06 Foo Bar 1994 08:49:37 GMT",
           "Sun, 06 Nov 19944 08:49:37 GMT",
           "Sun, 06 Nov 1994 24:49:37 GMT",
           "Sun, 06 Nov 1994 08:60:37 GMT",
           "Sun, 06 Nov 1994 08:49:60 GMT",
           "Sun, 06 Nov 1994 08:49:x GMT",
           "Sun, 06 Nov 1994 8 GMT",
           "Sun, 00 Nov 1994 08:49:37 GMT",
           "Sun, 31 Nov 1994 08:49:37 GMT",
           "Sun, 06 Nov 1994 -1:49:37 GMT",
           "Sun, 06 Nov 1994 08:49:37:00 GMT",
           "Sun, 06 Nov 1994 99999999999999999999:49:37 GMT",
           "Sun, 06 Nov 99999999999999999999 08:49:37 GMT",
           "Sun, 06 Nov \xb2 08:49:37 1994",
           "Monday 06 Nov 1994 08:49:37",
           "06-Nov-94 08:49:37",
           "06-Nov- 08:49:37 GMT",
           "6 Nov 1994 +0100",
           "6 Nov -6 08:49:00 x",
           "6 Nov 1994 08:49-0100+1",
           "6 Nov 1994",
           "Sun",
           "Sun,",
           ",",
           ", Nov 1994 08:49:37 GMT",
           "6 Nov , 08:49:37 GMT",
           "6 Nov 1994 , GMT",
           "6 Nov 1994 : GMT",
           "29 Feb 1900 00:00:00",
           "29 Feb 2001 00:00:00",
       }) {
    EXPECT_EQ(read(text), "none") << text;
  }
}

TEST(HttpDateTest, IsPrinted) {
  EXPECT_EQ(format_http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(format_http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
  EXPECT_EQ(parse_http_date(format_http_date(1700000000)), http_date(1700000000));
}

}  // namespace
}  // namespace ssync
