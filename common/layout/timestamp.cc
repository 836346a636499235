#include "common/layout/timestamp.h"

#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>
#include <vector>

#include "common/layout/errors.h"
#include "common/python/errors.h"
#include "common/python/number.h"
#include "common/python/repr.h"
#include "common/python/text.h"

namespace ssync {
namespace {

constexpr std::int64_t kUnitsPerSecond = 100'000;
constexpr std::int64_t kRawLimit = 10'000'000'000 * kUnitsPerSecond;
constexpr double kPrecision = 1e-5;
// Enough for "-0000000000.00000_" and sixteen hexadecimal digits.
constexpr std::size_t kTextSize = 48;

std::int64_t raw_of_seconds(double seconds) {
  // Swift divides before it rounds, so a large finite value overflows too.
  if (std::isinf(seconds / kPrecision)) throw OverflowError("cannot convert float infinity to integer");
  if (std::isnan(seconds)) throw ValueError("cannot convert float NaN to integer");
  if (seconds < 0) throw TimeOutOfRange::negative();
  constexpr double kSecondsLimit = 1e10;
  if (seconds >= kSecondsLimit) throw TimeOutOfRange::too_large();
  // The quotient is rounded, halves to even, not the printed decimals: they differ for more than five.
  return std::llrint(seconds / kPrecision);
}

// Parses the form that Swift writes; nullopt for any other. A double is exact for fifteen decimal digits, so
// parsing as a double with rounding would give the same result.
std::optional<std::int64_t> raw_of_normal(std::string_view text) {
  constexpr std::size_t kPoint = 10;
  constexpr std::size_t kLength = 16;
  if (text.size() != kLength || text[kPoint] != '.') return std::nullopt;
  std::int64_t raw = 0;
  for (std::size_t i = 0; i < kLength; ++i) {
    if (i == kPoint) continue;
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    raw = raw * 10 + (text[i] - '0');
  }
  return raw;
}

std::uint64_t parse_offset(std::string_view hex) {
  if (hex.find('_') != std::string_view::npos) {
    // int() would accept the underscore as a digit separator; Swift refuses it explicitly.
    throw ValueError("invalid literal for int() with base 16: " +
                     python::repr_text(python::latin1_to_utf8(hex)));
  }
  constexpr std::size_t kLongest = 16;
  if (hex.size() > kLongest) {
    throw ValueError("hex part too long: " + python::repr_text(python::latin1_to_utf8(hex)));
  }
  if (hex.empty()) return 0;
  const python::Integer offset = python::parse_integer(hex, 16);
  if (offset.negative && offset.magnitude != 0) throw ValueError("offset must be non-negative");
  return offset.magnitude;
}

std::int64_t parse_delta(std::string_view hex, bool negative) {
  const python::Integer delta = python::parse_integer(hex, 16);
  constexpr auto kLargest = std::numeric_limits<std::int64_t>::max();
  // Any delta this large is out of range; the clamp only avoids an overflow.
  const std::int64_t magnitude = delta.magnitude > static_cast<std::uint64_t>(kLargest)
                                     ? kLargest
                                     : static_cast<std::int64_t>(delta.magnitude);
  return delta.negative != negative ? -magnitude : magnitude;
}

}  // namespace

Timestamp Timestamp::from_raw(std::int64_t raw, std::uint64_t offset) {
  if (raw < 0) throw TimeOutOfRange::negative();
  if (raw >= kRawLimit) throw TimeOutOfRange::too_large();
  Timestamp result;
  result.raw_ = raw;
  result.offset_ = offset;
  return result;
}

Timestamp Timestamp::now() {
  const std::chrono::duration<double> since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return from_raw(raw_of_seconds(since_epoch.count()));
}

Timestamp Timestamp::parse(std::string_view text) {
  if (const auto raw = raw_of_normal(text)) return from_raw(*raw);
  const std::size_t separator = text.find('_');
  const double seconds = python::parse_float(text.substr(0, separator));
  const std::uint64_t offset =
      separator == std::string_view::npos ? 0 : parse_offset(text.substr(separator + 1));
  return from_raw(raw_of_seconds(seconds), offset);
}

Timestamp Timestamp::moved_by(std::int64_t delta) const {
  if (delta == 0) return from_raw(raw_);
  std::int64_t moved = 0;
  if (__builtin_add_overflow(raw_, delta, &moved)) throw TimeOutOfRange::too_large();
  if (moved <= 0) {
    // Unsigned, because -INT64_MIN has no signed form.
    throw ValueError("delta must be greater than " +
                     std::to_string(std::uint64_t{0} - static_cast<std::uint64_t>(moved)));
  }
  return from_raw(moved);
}

double Timestamp::seconds() const noexcept {
  // Both operands are exact, so the quotient is the double nearest to the printed decimal.
  return static_cast<double>(raw_) / static_cast<double>(kUnitsPerSecond);
}

std::string Timestamp::normal() const {
  std::array<char, kTextSize> text{};
  const int length = std::snprintf(text.data(), text.size(), "%010lld.%05lld",
                                   static_cast<long long>(raw_ / kUnitsPerSecond),
                                   static_cast<long long>(raw_ % kUnitsPerSecond));
  return {text.data(), static_cast<std::size_t>(length)};
}

std::string Timestamp::internal() const {
  if (offset_ == 0) return normal();
  std::array<char, kTextSize> hex{};
  const int length =
      std::snprintf(hex.data(), hex.size(), "_%016llx", static_cast<unsigned long long>(offset_));
  return normal().append(hex.data(), static_cast<std::size_t>(length));
}

std::string Timestamp::short_form() const {
  if (offset_ == 0) return normal();
  std::array<char, kTextSize> hex{};
  const int length = std::snprintf(hex.data(), hex.size(), "_%llx", static_cast<unsigned long long>(offset_));
  return normal().append(hex.data(), static_cast<std::size_t>(length));
}

std::string encode_timestamp_pair(const Timestamp& t1, const Timestamp& t2) {
  const bool backwards = t2.raw() < t1.raw();
  const std::int64_t distance = backwards ? t1.raw() - t2.raw() : t2.raw() - t1.raw();
  std::array<char, kTextSize> hex{};
  const int length = std::snprintf(hex.data(), hex.size(), "%c%llx", backwards ? '-' : '+',
                                   static_cast<unsigned long long>(distance));
  return t1.short_form().append(hex.data(), static_cast<std::size_t>(length));
}

namespace {

// Unlike moved_by(), the result may be time zero, and a delta of 0 keeps the offset.
Timestamp decode_next(const Timestamp& previous, std::string_view hex, bool negative) {
  const std::int64_t delta = parse_delta(hex, negative);
  if (delta == 0) return previous;
  std::int64_t raw = 0;
  if (__builtin_add_overflow(previous.raw(), delta, &raw)) throw TimeOutOfRange::too_large();
  return Timestamp::from_raw(raw);
}

}  // namespace

std::pair<Timestamp, std::optional<Timestamp>> decode_timestamp_pair(std::string_view text) {
  constexpr std::string_view kSigns = "+-";
  // Swift reads at most three parts and ignores the rest.
  constexpr std::size_t kParts = 3;
  std::vector<std::string_view> parts;
  std::vector<bool> negative;
  std::size_t begin = 0;
  bool sign = false;
  while (parts.size() < kParts) {
    const std::size_t end = text.find_first_of(kSigns, begin);
    parts.push_back(text.substr(begin, end == std::string_view::npos ? end : end - begin));
    negative.push_back(sign);
    if (end == std::string_view::npos) break;
    sign = text[end] == '-';
    begin = end + 1;
  }
  const Timestamp first = Timestamp::parse(parts[0]);
  if (parts.size() == 1) return {first, std::nullopt};
  const Timestamp second = decode_next(first, parts[1], negative[1]);
  if (parts.size() > 2) static_cast<void>(decode_next(second, parts[2], negative[2]));
  return {first, second};
}

}  // namespace ssync
