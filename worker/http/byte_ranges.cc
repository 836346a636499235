#include "worker/http/byte_ranges.h"

#include <algorithm>
#include <string>

#include "common/python/errors.h"
#include "common/python/number.h"
#include "common/python/text.h"

namespace ssync {
namespace {

// RFC 7233, 6.1: requests for many ranges cost a server more than the client.
constexpr std::size_t kMaxRanges = 50;
constexpr int kMaxOverlaps = 2;
constexpr std::size_t kFewRanges = 8;

// int(text), for text without '-'. Throws ValueError.
std::uint64_t parse_number(std::string_view text) { return python::parse_integer(text, 10).magnitude; }

// Throws ValueError.
RangeSpec parse_spec(std::string_view text) {
  const std::size_t hyphen = text.find('-');
  if (hyphen == std::string_view::npos) throw ValueError("no hyphen");
  const std::string_view first = text.substr(0, hyphen);
  const std::string_view last = text.substr(hyphen + 1);
  if (first.empty() && last.empty()) throw ValueError("no number");
  RangeSpec spec;
  if (!first.empty()) spec.first = parse_number(first);
  if (!last.empty()) {
    // As in Swift, stricter than for first: digits only.
    if (!std::all_of(last.begin(), last.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      throw ValueError("not a number");
    }
    spec.last = parse_number(last);
    if (spec.first && *spec.last < *spec.first) throw ValueError("ends before it starts");
  }
  return spec;
}

std::optional<ByteRange> range_of(const RangeSpec& spec, std::int64_t length) {
  const auto size = static_cast<std::uint64_t>(length);
  if (!spec.first) {
    if (*spec.last == 0) return std::nullopt;
    return ByteRange{static_cast<std::int64_t>(size - std::min(*spec.last, size)), length};
  }
  if (*spec.first >= size) return std::nullopt;
  const std::uint64_t stop = spec.last && *spec.last < size ? *spec.last + 1 : size;
  return ByteRange{static_cast<std::int64_t>(*spec.first), static_cast<std::int64_t>(stop)};
}

// As in Swift, equal ranges do not overlap.
bool overlap(const ByteRange& a, const ByteRange& b) {
  const auto inside = [](std::int64_t position, const ByteRange& range) {
    return range.start < position && position < range.stop;
  };
  return inside(b.start, a) || inside(b.stop, a) || inside(a.start, b) || inside(a.stop, b);
}

bool has_too_many_overlaps(const std::vector<ByteRange>& ranges) {
  int overlaps = 0;
  for (auto first = ranges.begin(); first != ranges.end(); ++first) {
    for (auto second = first + 1; second != ranges.end(); ++second) {
      if (overlap(*first, *second) && ++overlaps > kMaxOverlaps) return true;
    }
  }
  return false;
}

}  // namespace

std::optional<std::vector<RangeSpec>> parse_range_header(std::string_view header) {
  constexpr std::string_view kUnit = "bytes=";
  std::string text(header);
  std::erase(text, ' ');
  if (!python::lower_ascii(text).starts_with(kUnit)) return std::nullopt;
  std::string_view rest = std::string_view(text).substr(kUnit.size());
  std::vector<RangeSpec> specs;
  try {
    for (;;) {
      const std::size_t comma = rest.find(',');
      specs.push_back(parse_spec(rest.substr(0, comma)));
      if (comma == std::string_view::npos) return specs;
      rest.remove_prefix(comma + 1);
    }
  } catch (const ValueError&) {
    return std::nullopt;
  }
}

std::vector<ByteRange> ranges_for_length(const std::vector<RangeSpec>& specs, std::int64_t length) {
  std::vector<ByteRange> ranges;
  for (const RangeSpec& spec : specs) {
    if (const auto range = range_of(spec, length)) ranges.push_back(*range);
  }
  if (ranges.size() > kMaxRanges || has_too_many_overlaps(ranges)) return {};
  const bool ascending = std::is_sorted(
      ranges.begin(), ranges.end(), [](const ByteRange& a, const ByteRange& b) { return a.start < b.start; });
  if (!ascending && ranges.size() >= kFewRanges) return {};
  return ranges;
}

}  // namespace ssync
