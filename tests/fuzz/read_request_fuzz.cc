// The headers of a GET: ranges, conditions, dates and preferences among fragments.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/python/errors.h"
#include "tests/fuzz/require.h"
#include "worker/http/byte_ranges.h"
#include "worker/http/conditional_request.h"
#include "worker/http/date.h"
#include "worker/http/etag_list.h"
#include "worker/object/fragment_preferences.h"

namespace ssync {
namespace {

constexpr std::int64_t kLastSecond = 253402300799;  // of the year 9999

std::string next_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  std::string line(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

void check_ranges(std::string_view header) {
  const auto specs = parse_range_header(header);
  if (!specs) return;
  for (const std::int64_t length : {std::int64_t{0}, std::int64_t{1}, std::int64_t{100}, INT64_MAX}) {
    for (const ByteRange& range : ranges_for_length(*specs, length)) {
      require(range.start >= 0 && range.start <= range.stop && range.stop <= length,
              "a range is inside the object");
      require(range.start < range.stop || length == 0, "only in an empty object is a range empty");
    }
  }
}

void check_conditions(const Conditions& conditions) {
  const std::string etag = "5d41402abc4b2a76b9719d911017c592";
  for (const std::int64_t modified : {std::int64_t{0}, std::int64_t{784111777}, kLastSecond}) {
    const auto status = unmet_condition(conditions, etag, modified);
    require(!status || *status == 304 || *status == 412, "an unmet condition is a 304 or 412");
  }
  const auto status = unmet_condition_of_nothing(conditions);
  require(!status || *status == 412, "and of nothing a 412");
  require(etag_list_has(conditions.if_none_match.value_or("") + ",*", "x"), "a list with '*' has any ETag");
}

void check_date(const std::string& text) {
  const auto date = parse_http_date(text);
  require(!date || (date->month >= 1 && date->month <= 12 && date->day >= 1 && date->day <= 31 &&
                    date->hour >= 0 && date->hour <= 24 && date->minute >= 0 && date->minute <= 59),
          "a date is in the calendar");
}

void check_preferences(const std::string& header) {
  try {
    static_cast<void>(parse_fragment_preferences(header));
  } catch (const ValueError&) {
    // JSON, but no preferences.
  }
}

}  // namespace
}  // namespace ssync

// Input: lines for Range, If-Match, If-None-Match, dates and X-Backend-Fragment-Preferences.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ssync;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  check_ranges(next_line(rest));
  Conditions conditions;
  conditions.if_match = next_line(rest);
  conditions.if_none_match = next_line(rest);
  conditions.if_modified_since = next_line(rest);
  conditions.if_unmodified_since = conditions.if_modified_since;
  check_conditions(conditions);
  check_date(*conditions.if_modified_since);
  check_preferences(std::string(rest));
  return 0;
}
