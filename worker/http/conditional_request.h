// If-Match, If-None-Match, If-Modified-Since and If-Unmodified-Since.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace ssync {

// The headers of a GET or HEAD, as sent.
struct Conditions {
  std::optional<std::string> if_match;
  std::optional<std::string> if_none_match;
  std::optional<std::string> if_modified_since;
  std::optional<std::string> if_unmodified_since;
};

// The status instead of 200 if the conditions are not met: 304 or 412 (swob's
// Response._get_conditional_response_status). etag: the ETag to compare, ignored if empty; modified:
// Last-Modified in seconds.
std::optional<int> unmet_condition(const Conditions& conditions, const std::string& etag,
                                   std::int64_t modified);

// The status instead of 404, for an object that does not exist.
std::optional<int> unmet_condition_of_nothing(const Conditions& conditions);

}  // namespace ssync
