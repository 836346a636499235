// Dates in HTTP headers.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ssync {

// A date and time. As in Swift, the time zone is parsed and ignored: HTTP knows only GMT.
struct HttpDate {
  int year = 0;
  int month = 0;
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;

  // clang-tidy 14 takes the zero in a defaulted <=> for a null pointer. NOLINTNEXTLINE(modernize-use-nullptr)
  friend auto operator<=>(const HttpDate&, const HttpDate&) = default;
};

// Parses a date as Python's email.utils.parsedate() does, and so Swift's Request.if_modified_since: the three
// forms of HTTP (RFC 7231, 7.1.1.1), that of e-mail, and what is near to them. "Sun, 06 Nov 1994 08:49:37
// GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "6 November 94 08.49 +0000". The text
// is Latin-1. nullopt for all else, and for dates that do not exist.
std::optional<HttpDate> parse_http_date(std::string_view text);

// The date for seconds since 1970.
HttpDate http_date(std::int64_t seconds);
// "Sun, 06 Nov 1994 08:49:37 GMT".
std::string format_http_date(std::int64_t seconds);

}  // namespace ssync
