// A new file of an object: data and metadata in a temporary file without a name, then a link that makes it
// visible. publish.h (one file immediately) and batch_publication.h (many files together) make it durable and
// remove obsolete files.
//
// After a crash before link(): nothing but an empty hash directory, as in Swift. After link(): a complete
// object whose name may be lost, or be that of a fragment that is not durable.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/layout/metadata.h"
#include "common/layout/object_files.h"
#include "common/layout/object_name.h"
#include "common/layout/partition.h"
#include "common/layout/timestamp.h"
#include "common/os/fd.h"
#include "common/os/temporary_path.h"
#include "common/store/durable_fragment.h"
#include "common/store/unsynced_directories.h"

namespace ssync {

enum class FileKind { data, meta, tombstone };

// If destroyed before link(), it leaves nothing visible.
class StagedFile {
 public:
  // Creates the hash directory and an O_TMPFILE in it (a file in tmp[-N] if the file system does not support
  // that), and reserves size bytes. size is that of the data; as in Swift it is negative for a negative
  // Content-Length. Throws InsufficientStorage, OsError. Tombstones are written even if the device is full.
  StagedFile(const Partition& partition, ObjectName name, FileKind kind, std::int64_t size,
             UnsyncedDirectories& unsynced);
  StagedFile(const StagedFile&) = delete;
  StagedFile& operator=(const StagedFile&) = delete;

  // Appends data; syncs every mb_per_sync. Throws OsError.
  void write(std::string_view data);
  // Completes the file with its metadata, to which the object's name is added. The file's name is made from
  // X-Timestamp and, for a .meta, Content-Type-Timestamp. fragment_index is for data of an erasure-coding
  // policy. Throws InsufficientStorage, OsError, ValueError.
  void stage(Metadata metadata, std::optional<int> fragment_index = std::nullopt);

  // Makes data and metadata durable. Throws OsError.
  void sync_data();
  // Drops the synced data from the page cache.
  void drop_pages();
  void close();

  // Makes the file visible; a fragment gets its non-durable name. Throws OsError.
  void link();
  // Gives a linked fragment its durable name. Throws as ssync::rename_to_durable.
  FragmentRename rename_to_durable();
  // Removes the name, if it exists, after it could not be made durable; a failure is logged.
  void take_back() noexcept;

  [[nodiscard]] const Partition& partition() const noexcept { return partition_; }
  [[nodiscard]] UnsyncedDirectories& unsynced() const noexcept { return unsynced_; }
  [[nodiscard]] const std::string& hash_dir() const noexcept { return hash_dir_; }
  [[nodiscard]] const std::string& file_name() const noexcept { return file_name_; }
  [[nodiscard]] std::string path() const { return hash_dir_ + "/" + file_name_; }
  [[nodiscard]] std::int64_t written() const noexcept { return written_; }
  [[nodiscard]] bool is_fragment() const noexcept { return fragment_index_.has_value(); }
  [[nodiscard]] bool is_linked() const noexcept { return is_linked_; }

 private:
  void open_temporary();
  void require_free_space(std::int64_t size) const;
  void preallocate(std::int64_t size) const;
  [[nodiscard]] Fragment fragment() const;

  const Partition& partition_;
  const ObjectName name_;
  FileKind kind_;
  UnsyncedDirectories& unsynced_;
  std::string hash_dir_;
  std::optional<int> fragment_index_;
  Timestamp timestamp_;
  std::string file_name_;
  Fd file_;
  TemporaryPath temporary_path_;  // empty for an O_TMPFILE
  std::int64_t written_ = 0;
  std::int64_t synced_ = 0;
  bool is_linked_ = false;
};

}  // namespace ssync
