// Writing a file of an object in two steps: stage (bytes and metadata in an unnamed temporary file)
// and publish (durable, suffix invalidated, linked, names durable, obsolete files removed).
//
// What a crash can leave at each point: before publish() links the file, nothing but an empty hash
// directory (as Swift leaves it); between the link and the end, a whole object whose name may be lost,
// with its suffix invalidated already (on disk only after sync_invalidations, if the machine crashes and
// not just the process); after publish(), the object.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/fd.h"
#include "common/metadata.h"
#include "common/object_name.h"
#include "common/partition.h"

namespace ssync {

// Directories whose new entries are not on disk yet. A session keeps one, so that a directory made by
// an object that failed later is still synced before the next object in it is called durable.
class UnsyncedDirectories {
 public:
  void add(std::string directory);
  // fsyncs all and forgets them. Throws OsError; what failed is kept.
  void sync();

 private:
  std::vector<std::string> directories_;
};

// A file's name that is removed unless it is let go. Empty: none.
class TemporaryPath {
 public:
  TemporaryPath() = default;
  ~TemporaryPath();
  TemporaryPath(const TemporaryPath&) = delete;
  TemporaryPath& operator=(const TemporaryPath&) = delete;

  void set(std::string path) { path_ = std::move(path); }
  void let_go() noexcept { path_.clear(); }
  [[nodiscard]] const std::string& get() const noexcept { return path_; }

 private:
  std::string path_;
};

enum class FileKind { data, meta, tombstone };

// One file being staged. Destroyed before publish(): nothing visible is left.
class ObjectWriter {
 public:
  // Makes the hash directory and an O_TMPFILE in it (a file in tmp[-N] where the file system has
  // none), and reserves size bytes. size is that of the data to come, negative like Swift's for an
  // absurd Content-Length. Throws InsufficientStorage, OsError. Tombstones are written however full
  // the device is.
  ObjectWriter(const Partition& partition, const ObjectName& name, FileKind kind, std::int64_t size,
               UnsyncedDirectories& unsynced);
  ~ObjectWriter() = default;
  ObjectWriter(const ObjectWriter&) = delete;
  ObjectWriter& operator=(const ObjectWriter&) = delete;

  // Appends data; syncs every mb_per_sync. Throws OsError.
  void write(std::string_view data);
  // The last part of staging: metadata and, in it, the object's name. The file's name will come from
  // X-Timestamp and, for a .meta, Content-Type-Timestamp. Throws InsufficientStorage, OsError, ValueError.
  void stage(Metadata metadata);
  // Makes the staged file durable, then visible, then its name durable, and cleans up. Throws OsError,
  // LockTimeout.
  void publish();

 private:
  void open_temporary();
  void reserve(std::int64_t size) const;
  void link();

  const Partition& partition_;
  const ObjectName& name_;
  FileKind kind_;
  UnsyncedDirectories& unsynced_;
  std::string hash_dir_;
  std::string file_name_;
  Fd file_;
  TemporaryPath temporary_path_;  // empty for an O_TMPFILE
  std::int64_t written_ = 0;
  std::int64_t synced_ = 0;
};

}  // namespace ssync
