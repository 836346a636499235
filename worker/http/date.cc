#include "worker/http/date.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "common/python/ascii.h"
#include "common/python/errors.h"
#include "common/python/number.h"
#include "common/python/text.h"

namespace ssync {
namespace {

constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};

constexpr std::array<std::string_view, 12> kLongMonths{"january",   "february", "march",    "april",
                                                       "may",       "june",     "july",     "august",
                                                       "september", "october",  "november", "december"};
constexpr std::array<std::string_view, 7> kDays{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

using Words = std::vector<std::string_view>;

// str.isspace() and str.isdigit() of Latin-1.
bool is_space(char c) { return python::is_ascii_str_space(c) || c == '\x85' || c == '\xa0'; }
bool is_digit(char c) { return python::is_digit(c) || c == '\xb2' || c == '\xb3' || c == '\xb9'; }

Words words_of(std::string_view text) {
  Words words;
  for (auto begin = text.begin();;) {
    begin = std::find_if_not(begin, text.end(), is_space);
    if (begin == text.end()) return words;
    const auto* const end = std::find_if(begin, text.end(), is_space);
    words.emplace_back(begin, end);
    begin = end;
  }
}

// All parts, also empty ones.
Words split(std::string_view text, char separator) {
  Words parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

void drop_comma(std::string_view& word) {
  if (!word.empty() && word.back() == ',') word.remove_suffix(1);
}

template <std::size_t size>
std::size_t place_in(const std::array<std::string_view, size>& names, std::string_view word) {
  const std::string lower = python::lower_ascii(word);
  return static_cast<std::size_t>(std::find(names.begin(), names.end(), lower) - names.begin());
}

// 0 if it is none.
int month(std::string_view word) {
  const std::size_t place = std::min(place_in(kMonths, word), place_in(kLongMonths, word));
  return place == kMonths.size() ? 0 : static_cast<int>(place) + 1;
}

// The day of the week is in a word of its own, or before a comma in the first one.
void drop_day_of_week(Words& words) {
  std::string_view& first = words.front();
  if (first.back() == ',' || place_in(kDays, first) != kDays.size()) {
    words.erase(words.begin());
  } else if (const std::size_t comma = first.rfind(','); comma != std::string_view::npos) {
    first.remove_prefix(comma + 1);
  }
}

// Day, month, year, time and zone, in the order in which they came; fewer if it is no date.
Words five_words(std::string_view text) {
  Words words = words_of(text);
  if (words.empty()) return words;
  drop_day_of_week(words);
  if (words.size() == 3) {
    // 06-Nov-94 08:49:37 GMT
    if (const Words date = split(words.front(), '-'); date.size() == 3) {
      words.erase(words.begin());
      words.insert(words.begin(), date.begin(), date.end());
    }
  }
  if (words.size() == 4) {
    // Without a zone, or with one at the end of the time: 08:49:37+0100
    const std::string_view time = words.back();
    const std::size_t sign = std::min(time.find('+'), time.size());
    const std::size_t zone = sign == time.size() ? std::min(time.find('-'), time.size()) : sign;
    if (zone > 0) words.back() = time.substr(0, zone);
    words.push_back(zone > 0 ? time.substr(zone) : "");
  }
  words.resize(std::min<std::size_t>(words.size(), 5));
  return words;
}

// Throws ValueError if it is no number.
int number(std::string_view word) {
  constexpr std::int64_t kBeyondAllYears = 100'000;
  return static_cast<int>(std::clamp(python::parse_int(word, 10), -kBeyondAllYears, kBeyondAllYears));
}

bool read_time(std::string_view word, HttpDate& date) {
  Words parts = split(word, ':');
  if (parts.size() == 1) parts = split(word, '.');
  if (parts.size() != 2 && parts.size() != 3) return false;
  date.hour = number(parts[0]);
  date.minute = number(parts[1]);
  date.second = parts.size() == 3 ? number(parts[2]) : 0;
  return true;
}

int full_year(int year) {
  if (year >= 100) return year;
  return year > 68 ? 1900 + year : 2000 + year;
}

int days_in(int month, int year) {
  constexpr std::array<int, 12> kDaysInMonth{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && is_leap ? 29 : kDaysInMonth.at(static_cast<std::size_t>(month) - 1);
}

bool exists(const HttpDate& date) {
  const auto is_below = [](int value, int bound) { return value >= 0 && value < bound; };
  return date.year >= 1 && date.year <= 9999 && date.day >= 1 && date.day <= days_in(date.month, date.year) &&
         is_below(date.hour, 24) && is_below(date.minute, 60) && is_below(date.second, 60);
}

}  // namespace

std::optional<HttpDate> parse_http_date(std::string_view text) {
  Words words = five_words(text);
  if (words.size() != 5) return std::nullopt;
  std::string_view& day = words[0];
  std::string_view& year = words[2];
  std::string_view& time = words[3];
  std::string_view& zone = words[4];
  HttpDate date;
  date.month = month(words[1]);
  if (date.month == 0) {
    date.month = month(day);
    day = words[1];
  }
  if (date.month == 0 || year.empty()) return std::nullopt;
  drop_comma(day);
  if (const std::size_t colon = year.find(':'); colon != 0 && colon != std::string_view::npos) {
    std::swap(year, time);
  }
  drop_comma(year);
  if (year.empty()) return std::nullopt;
  if (!is_digit(year.front())) std::swap(year, zone);
  drop_comma(time);
  try {
    if (!read_time(time, date)) return std::nullopt;
    date.day = number(day);
    date.year = full_year(number(year));
  } catch (const ValueError&) {
    return std::nullopt;
  }
  return exists(date) ? std::optional(date) : std::nullopt;
}

HttpDate http_date(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm utc{};
  ::gmtime_r(&time, &utc);
  return {.year = utc.tm_year + 1900,
          .month = utc.tm_mon + 1,
          .day = utc.tm_mday,
          .hour = utc.tm_hour,
          .minute = utc.tm_min,
          .second = utc.tm_sec};
}

std::string format_http_date(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm utc{};
  ::gmtime_r(&time, &utc);
  std::array<char, 64> buffer{};
  std::strftime(buffer.data(), buffer.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return buffer.data();
}

}  // namespace ssync
