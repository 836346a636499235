// Writing a file of an object in two steps: stage (bytes and metadata in an unnamed temporary file)
// and publish (durable, suffix invalidated, linked, names durable, obsolete files removed). A fragment is
// linked as one that is not durable, and renamed if it is to be; obsolete files stay until it is. Publishing
// is one call for one file, or its steps one by one for whoever does them for many files together
// (CommitQueue).
//
// What a crash can leave at each point: before publish() links the file, nothing but an empty hash
// directory (as Swift leaves it); between the link and the end, a whole object whose name may be lost, or
// be that of a fragment that is not durable, with its suffix invalidated already (on disk only after
// sync_invalidations, if the machine crashes and not just the process); after publish(), the object.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "common/fd.h"
#include "common/fragment_commit.h"
#include "common/metadata.h"
#include "common/object_files.h"
#include "common/object_name.h"
#include "common/partition.h"
#include "common/timestamp.h"

namespace ssync {

// Directories whose new entries are not on disk yet. A session keeps one, so that a directory made by
// an object that failed later is still synced before the next object in it is called durable. For several
// threads.
class UnsyncedDirectories {
 public:
  void add(std::string directory);
  // Those above directories that have just been made.
  void add_parents(const std::vector<std::string>& made);
  // As add(), but only the first time: for one that has entries which whoever made them may not have synced,
  // as a session that stored nothing in them. Whoever adds later ones syncs them himself.
  void add_once(const std::string& directory);
  // fsyncs all and forgets them. Throws OsError; what failed is kept.
  void sync();
  // All of them, forgotten here: the caller syncs them, or adds them again.
  std::vector<std::string> take();

 private:
  std::mutex mutex_;
  std::unordered_set<std::string> directories_;
  std::unordered_set<std::string> added_once_;
};

// fsyncs a directory; one that is gone is no error, since clean-up by a Swift daemon may have removed it, and
// with it the names that were to be synced. Throws OsError.
void sync_directory_if_there(const std::string& directory);

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
  // the device is. next_part_power (X-Backend-Next-Part-Power; empty: none) is that of a ring whose
  // partition power is being increased: the file is linked in its partition of that power too, or, if
  // this is that one already, the partition of the power before is cleaned up with it.
  ObjectWriter(const Partition& partition, ObjectName name, FileKind kind, std::int64_t size,
               UnsyncedDirectories& unsynced, std::string next_part_power = "");
  ~ObjectWriter() = default;
  ObjectWriter(const ObjectWriter&) = delete;
  ObjectWriter& operator=(const ObjectWriter&) = delete;

  // Appends data; syncs every mb_per_sync. Throws OsError.
  void write(std::string_view data);
  // The last part of staging: metadata and, in it, the object's name. The file's name will come from
  // X-Timestamp and, for a .meta, Content-Type-Timestamp. fragment_index is that of data of an
  // erasure-coding policy. Throws InsufficientStorage, OsError, ValueError.
  void stage(Metadata metadata, std::optional<int> fragment_index = std::nullopt);
  // Makes the staged file durable, then visible, then its name durable, and cleans up. A fragment that is to
  // stay undecided (X-Backend-No-Commit) is not renamed, and nothing cleaned up. Throws OsError, LockTimeout,
  // InsufficientStorage, and once the file is in its place ValueError for a bad partition power.
  void publish(Durability durability = Durability::durable);

  // publish() in steps, for a file without a next_part_power. The caller invalidates the suffix between the
  // first two, and syncs hash_dir() and the unsynced directories after the second.
  // Bytes and metadata are on disk. Throws OsError.
  void sync_data();
  // The file is visible. Throws OsError, InsufficientStorage; the names must be synced even then if
  // is_revealed().
  void reveal(Durability durability);
  // Removes the name, if there is one, because it could not be made durable; a failure is logged.
  void take_back() noexcept;
  // After the names are durable: removes what is obsolete now.
  void clean_up() const;

  [[nodiscard]] const std::string& hash_dir() const noexcept { return hash_dir_; }
  [[nodiscard]] std::int64_t written() const noexcept { return written_; }
  [[nodiscard]] bool has_next_part_power() const noexcept { return !next_part_power_.empty(); }
  [[nodiscard]] bool is_revealed() const noexcept { return is_revealed_; }

 private:
  void open_temporary();
  void reserve(std::int64_t size) const;
  void link();
  void sync_names();
  void relink();
  // The file, if it is data of an erasure-coding policy.
  [[nodiscard]] Fragment fragment() const;
  CommitOutcome rename_fragment();
  void commit();
  [[nodiscard]] bool is_relinked() const { return !twin_dir_.empty() && twin_dir_ != hash_dir_; }

  const Partition& partition_;
  const ObjectName name_;
  FileKind kind_;
  UnsyncedDirectories& unsynced_;
  std::string hash_dir_;
  std::string next_part_power_;
  std::string twin_dir_;  // the hash directory under next_part_power; maybe the same
  std::optional<int> fragment_index_;
  Timestamp timestamp_;
  std::string file_name_;
  Fd file_;
  TemporaryPath temporary_path_;  // empty for an O_TMPFILE
  std::int64_t written_ = 0;
  std::int64_t synced_ = 0;
  bool is_revealed_ = false;
  bool is_decided_ = true;  // false for a fragment that is not durable, or that something newer replaced
};

}  // namespace ssync
