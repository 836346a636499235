#include "worker/http/multipart_ranges.h"

#include <array>
#include <cstdio>
#include <random>
#include <utility>

namespace ssync {
namespace {

std::string random_boundary() {
  std::random_device source;
  std::array<char, 33> text{};
  std::snprintf(text.data(), text.size(), "%08x%08x%08x%08x", source(), source(), source(), source());
  return text.data();
}

}  // namespace

std::string content_range(const ByteRange& range, std::int64_t size) {
  return "bytes " + std::to_string(range.start) + "-" + std::to_string(range.stop - 1) + "/" +
         std::to_string(size);
}

MultipartRanges::MultipartRanges(std::vector<ByteRange> ranges, std::string part_type, std::int64_t size)
    : ranges_(std::move(ranges)),
      part_type_(std::move(part_type)),
      size_(size),
      boundary_(random_boundary()) {}

std::string MultipartRanges::part_head(const ByteRange& range) const {
  return "--" + boundary_ + "\r\nContent-Type: " + part_type_ +
         "\r\nContent-Range: " + content_range(range, size_) + "\r\n\r\n";
}

std::int64_t MultipartRanges::content_length() const {
  std::size_t framing = body_end().size();
  std::int64_t data = 0;
  for (const ByteRange& range : ranges_) {
    framing += part_head(range).size() + part_end().size();
    data += range.size();
  }
  return data + static_cast<std::int64_t>(framing);
}

}  // namespace ssync
