// The Range header.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace ssync {

// One range of the header: "5-9", "5-" (no last), "-9" (no first: the last nine bytes).
struct RangeSpec {
  std::optional<std::uint64_t> first;
  std::optional<std::uint64_t> last;  // inclusive; without first the number of bytes
};

// Bytes start to stop - 1.
struct ByteRange {
  std::int64_t start = 0;
  std::int64_t stop = 0;

  [[nodiscard]] std::int64_t size() const noexcept { return stop - start; }
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// Reads the header (swift.common.swob.Range). nullopt if any part of it is malformed; the header is then
// ignored. Numbers above 2^64-1 are read as 2^64-1.
std::optional<std::vector<RangeSpec>> parse_range_header(std::string_view header);

// The satisfiable ranges of an object of length bytes, in the header's order (Range.ranges_for_length). Empty
// for a 416: no range is satisfiable, there are more than 50, more than two pairs overlap, or there are eight
// or more that do not ascend.
std::vector<ByteRange> ranges_for_length(const std::vector<RangeSpec>& specs, std::int64_t length);

}  // namespace ssync
