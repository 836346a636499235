// Reading an object's data, and judging it by what was read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "common/disk_file.h"
#include "common/fd.h"
#include "common/fragment_check.h"
#include "common/md5.h"
#include "common/partition.h"

namespace ssync {

// What was read must not pass for whole: a fragment archive that is damaged, and in quarantine now, or any
// object that is, where those are left.
class DamagedObject : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

enum class PageCache { keep_small, drop };

// A BaseDiskFileReader (for erasure coding an ECDiskFileReader) of swift.obj.diskfile. An object that was
// read from its first byte to its end is quarantined, unless it is to be left, if its size or its MD5 is not
// what its metadata says.
class ObjectReader {
 public:
  // Takes the data of an opened file, which must live as long; Content-Length and ETag must be in its
  // metadata. keep_small leaves an object below keep_cache_size in the page cache. Throws ValueError.
  ObjectReader(const Partition& partition, DiskFile& file, PageCache cache,
               DamagedObjects damaged = DamagedObjects::quarantine);

  [[nodiscard]] std::int64_t size() const noexcept { return size_; }

  // The next read() starts at this offset.
  void start_at(std::int64_t offset);
  // The next disk_chunk_size bytes or, at the end, fewer; empty at the end of the file. Valid until the next
  // call. Throws OsError (an object with unreadable sectors, EIO, is quarantined first) and DamagedObject.
  std::string_view read();
  // To be called when all that is wanted was read: judges what the last start_at() began, if that was the
  // whole object. Throws DamagedObject; a quarantine that fails is only logged.
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
  std::int64_t start_ = 0;       // of this reading
  std::int64_t dropped_to_ = 0;  // pages before it have left the cache
  bool at_end_ = false;
  // While reading from the first byte.
  std::optional<Md5> md5_;
  std::optional<FragmentCheck> fragments_;
};

}  // namespace ssync
