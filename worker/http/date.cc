#include "worker/http/date.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <vector>

#include "common/python/text.h"

namespace ssync {
namespace {

constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(separators), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

std::optional<int> number(std::string_view word) {
  constexpr std::size_t kMostDigits = 4;
  int value = 0;
  const char* const end = word.data() + word.size();
  const auto read = std::from_chars(word.data(), end, value);
  if (word.size() > kMostDigits || read.ec != std::errc() || read.ptr != end || value < 0) {
    return std::nullopt;
  }
  return value;
}

std::optional<int> month(std::string_view word) {
  const auto* const found = std::find(kMonths.begin(), kMonths.end(), python::lower_ascii(word));
  if (found == kMonths.end()) return std::nullopt;
  return static_cast<int>(found - kMonths.begin()) + 1;
}

bool read_time(std::string_view word, HttpDate& date) {
  const std::vector<std::string_view> parts = split(word, ":");
  if (parts.size() != 2 && parts.size() != 3) return false;
  const auto hour = number(parts[0]);
  const auto minute = number(parts[1]);
  const auto second = parts.size() == 3 ? number(parts[2]) : 0;
  if (!hour || !minute || !second) return false;
  date.hour = *hour;
  date.minute = *minute;
  date.second = *second;
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
  return date.day >= 1 && date.day <= days_in(date.month, date.year) && date.hour < 24 && date.minute < 60 &&
         date.second < 60;
}

}  // namespace

std::optional<HttpDate> parse_http_date(std::string_view text) {
  HttpDate date;
  bool has_time = false;
  std::vector<int> day_and_year;
  const std::vector<std::string_view> words = split(text, " \t,-");
  for (const std::string_view& word : words) {
    if (word.find(':') != std::string_view::npos) {
      if (has_time || !read_time(word, date)) return std::nullopt;
      has_time = true;
    } else if (const auto named = month(word); named && date.month == 0) {
      date.month = *named;
    } else if (const auto value = number(word); value && day_and_year.size() < 2) {
      day_and_year.push_back(*value);
    } else if (&word != &words.front() && &word != &words.back()) {
      return std::nullopt;  // only the day of the week and the zone are ignored words
    }
  }
  if (!has_time || date.month == 0 || day_and_year.size() != 2) return std::nullopt;
  date.day = day_and_year[0];
  date.year = full_year(day_and_year[1]);
  if (!exists(date)) return std::nullopt;
  return date;
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
