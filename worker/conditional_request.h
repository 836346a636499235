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

// The status in place of a 200, if the conditions are not met: 304 or 412 (swob's
// Response._get_conditional_response_status). etag: what the object's is compared as, ignored when empty;
// modified: seconds, of Last-Modified.
std::optional<int> unmet_condition(const Conditions& conditions, const std::string& etag,
                                   std::int64_t modified);

// The status in place of a 404.
std::optional<int> unmet_condition_of_nothing(const Conditions& conditions);

}  // namespace ssync
