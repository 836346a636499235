// Reads an object's data and verifies it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "common/layout/fragment_check.h"
#include "common/layout/partition.h"
#include "common/os/fd.h"
#include "common/os/md5.h"
#include "common/store/disk_file.h"

namespace ssync {

enum class PageCache { keep_small, drop };

// A BaseDiskFileReader (for erasure coding an ECDiskFileReader) of swift.obj.diskfile. An object read from
// its first byte to its end is quarantined, unless DamagedObjects::leave is given, if its size or MD5 does
// not match its metadata.
class DataReader {
 public:
  // Takes the data of an opened file, which must outlive the reader; its metadata must have Content-Length
  // and ETag. keep_small keeps an object smaller than keep_cache_size in the page cache. Throws ValueError.
  DataReader(const Partition& partition, DiskFile& file, PageCache cache,
             DamagedObjects damaged = DamagedObjects::quarantine);

  [[nodiscard]] std::int64_t size() const noexcept { return size_; }

  // The next read() starts at this offset.
  void start_at(std::int64_t offset);
  // The next disk_chunk_size bytes or, at the end, fewer; empty at the end of the file. Valid until the next
  // call. Throws OsError (an object with unreadable sectors, EIO, is quarantined first) and DamagedObject.
  std::string_view read();
  // To be called after the last read(): verifies the object if it was read as a whole since the last
  // start_at(). Throws DamagedObject; a failed quarantine is only logged.
  void finish();

 private:
  void check(std::string_view piece);
  void judge();
  [[noreturn]] void refuse_fragment(std::int64_t offset);
  void refuse_object(const std::string& reason);
  void drop_read_pages();

  const Partition& partition_;
  const std::string hash_dir_;
  const std::string path_;
  Fd file_;
  std::int64_t size_;
  std::string etag_;
  bool drop_pages_;
  DamagedObjects damaged_;
  std::size_t chunk_size_;
  std::unique_ptr<char[]> chunk_;

  std::int64_t offset_ = 0;      // of the next byte
  std::int64_t start_ = 0;       // of the read since start_at()
  std::int64_t dropped_to_ = 0;  // pages before it are dropped from the cache
  bool at_end_ = false;
  // While reading from the first byte.
  std::optional<Md5> md5_;
  std::optional<FragmentCheck> fragments_;
};

}  // namespace ssync
