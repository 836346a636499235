// A gzip file, decompressed piece by piece, and from places in its middle.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "common/os/fd.h"

struct z_stream_s;

namespace ssync {

// Memory is bounded whatever the file holds. All functions throw RingError, without the file's path, for a
// file that cannot be read or is not gzip.
class GzipStream {
 public:
  explicit GzipStream(const std::string& path);
  ~GzipStream();
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  // The compressed file's length in bytes.
  [[nodiscard]] std::uint64_t file_size() const noexcept { return size_; }

  // Continues at this byte of the compressed file, which has to be its beginning, or one at which the
  // compressor was flushed in full.
  void seek(std::uint64_t position);

  // Bytes of the compressed file that have not been decompressed yet.
  [[nodiscard]] std::uint64_t left() const noexcept;

  // Up to `size` decompressed bytes; fewer only at the end of the stream. Throws RingError if the file ends
  // before its stream does, and, read from its beginning, if the checksum at the end is not that of the data.
  std::string read(std::size_t size);

 private:
  void refill();

  Fd file_;
  std::uint64_t size_ = 0;
  std::uint64_t position_ = 0;  // in the compressed file, of what has not been read
  std::unique_ptr<z_stream_s> inflater_;
  std::array<unsigned char, 65536> input_;
  bool at_end_ = false;
};

}  // namespace ssync
