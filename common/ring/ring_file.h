// Ring files of Swift's format 1, and of format 2 of Swift 2.36 and later.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/ring/ring_header.h"

namespace ssync {

// Ids of devices in two bytes each, as nearly all rings have them, or in four.
class RingTable {
 public:
  explicit RingTable(int dev_id_bytes) : is_wide_(dev_id_bytes == 4) {}

  // Appends ids in this order of bytes, of which each piece has whole ones.
  void append(std::string_view bytes, RingByteOrder order);
  void reserve(std::size_t ids);

  [[nodiscard]] std::size_t size() const noexcept { return is_wide_ ? wide_.size() : narrow_.size(); }
  [[nodiscard]] std::uint32_t operator[](std::size_t at) const { return is_wide_ ? wide_[at] : narrow_[at]; }
  // The id that stands for no device.
  [[nodiscard]] std::uint32_t none() const noexcept { return is_wide_ ? UINT32_MAX : UINT16_MAX; }

 private:
  bool is_wide_;
  std::vector<std::uint16_t> narrow_;
  std::vector<std::uint32_t> wide_;
};

struct RingFile {
  int format = 0;  // 1 or 2
  RingLayout layout;
  RingDevices devices;
  RingTable table{2};  // row by row: an id for each partition; the last row may be short
};

// Reads the file (RingData.load). Throws RingError, with the path, for one that is missing, cut, damaged, of
// another format, or has more than a GiB of ids. Memory is bounded by what is there, not by what its header
// claims. Old rings that are pickles are refused.
RingFile read_ring_file(const std::string& path);

}  // namespace ssync
