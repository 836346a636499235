// A body with several byte ranges: multipart/byteranges as in swob.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "worker/http/byte_ranges.h"

namespace ssync {

// "bytes 5-9/100".
std::string content_range(const ByteRange& range, std::int64_t size);

class MultipartRanges {
 public:
  // part_type is each part's Content-Type, size the object's size in bytes. The boundary is random.
  MultipartRanges(std::vector<ByteRange> ranges, std::string part_type, std::int64_t size);

  [[nodiscard]] const std::vector<ByteRange>& ranges() const noexcept { return ranges_; }
  // "multipart/byteranges;boundary=<32 hex digits>"
  [[nodiscard]] std::string content_type() const { return "multipart/byteranges;boundary=" + boundary_; }
  // Size of the whole body in bytes.
  [[nodiscard]] std::int64_t content_length() const;
  // The text before the bytes of a range, after them, and at the end of the body.
  [[nodiscard]] std::string part_head(const ByteRange& range) const;
  [[nodiscard]] static std::string part_end() { return "\r\n"; }
  [[nodiscard]] std::string body_end() const { return "--" + boundary_ + "--"; }

 private:
  std::vector<ByteRange> ranges_;
  std::string part_type_;
  std::int64_t size_;
  std::string boundary_;
};

}  // namespace ssync
