#include "common/statsd/label_format.h"

#include <gtest/gtest.h>

namespace ssync {
namespace {

// As LABEL_MODES of Swift 2.38.1 has them.
TEST(LabelFormatTest, EachModeHasItsPlaceAndMarks) {
  const StatsdLabels labels{{"status", "200"}, {"method", "GET"}};
  struct Case {
    LabelMode mode;
    const char* line;
    const char* without;
  };
  const Case cases[] = {
      {LabelMode::disabled, "m:1.5|ms|@0.5", "m:1.5|ms|@0.5"},
      {LabelMode::dogstatsd, "m:1.5|ms|@0.5|#method:GET,status:200", "m:1.5|ms|@0.5"},
      {LabelMode::graphite, "m;method=GET;status=200:1.5|ms|@0.5", "m:1.5|ms|@0.5"},
      {LabelMode::influxdb, "m,method=GET,status=200:1.5|ms|@0.5", "m:1.5|ms|@0.5"},
      {LabelMode::librato, "m#method=GET,status=200:1.5|ms|@0.5", "m:1.5|ms|@0.5"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(labeled_line(c.mode, "m", ":1.5|ms|@0.5", labels), c.line);
    EXPECT_EQ(labeled_line(c.mode, "m", ":1.5|ms|@0.5", {}), c.without);
  }
}

}  // namespace
}  // namespace ssync
