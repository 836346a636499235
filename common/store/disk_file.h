// Opens an object on disk: chooses its files, verifies them, and reads their metadata.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/layout/metadata.h"
#include "common/layout/object_files.h"
#include "common/layout/object_name.h"
#include "common/layout/partition.h"
#include "common/layout/timestamp.h"
#include "common/os/fd.h"

namespace ssync {

enum class OpenOutcome {
  open,
  not_exist,      // no data and no tombstone (DiskFileNotExist)
  deleted,        // a tombstone: deleted_timestamp() is its time (DiskFileDeleted)
  expired,        // past X-Delete-At with ExpiredObjects::refuse (DiskFileExpired); metadata is readable
  quarantined,    // was damaged and has been quarantined (DiskFileQuarantined)
  damaged,        // is damaged and was left in place (DamagedObjects::leave): see damage()
  collision,      // the metadata has the name of another object (DiskFileCollision)
  changing,       // its files kept being replaced while they were read: try again later
  not_supported,  // no extended attributes (DiskFileXattrNotSupported)
};

enum class ExpiredObjects { refuse, open };

// leave is for callers that must not change the device.
enum class DamagedObjects { quarantine, leave };

// What the caller has already read from an object's hash directory: the names, and one opened file with its
// metadata. Saves reading it again.
struct SeenFiles {
  std::vector<std::string> names;
  std::string file_name;
  Fd file;
  Metadata metadata;
};

// The reading part of Swift's DiskFile (swift.obj.diskfile).
class DiskFile {
 public:
  // For an erasure-coding policy, request selects the fragment; its member policy is filled in.
  DiskFile(const Partition& partition, ObjectName name, FragmentRequest request = {},
           DamagedObjects damaged = DamagedObjects::quarantine);

  // Reads the object's state and quarantines it if it is damaged, unless DamagedObjects::leave was given
  // (BaseDiskFile.open). now is in seconds, to decide whether the object has expired. Throws OsError
  // (unreadable directory or file), ValueError (invalid metadata), LockTimeout.
  OpenOutcome open(ExpiredObjects expired, double now);
  // The same, with the already read contents of hash_dir().
  OpenOutcome open(ExpiredObjects expired, double now, SeenFiles seen);

  [[nodiscard]] const ObjectName& name() const noexcept { return name_; }
  [[nodiscard]] const std::string& hash_dir() const noexcept { return hash_dir_; }

  // The files in the hash directory, with the fragments and the newest durable timestamp, regardless of the
  // outcome of open(). Null before open(), and if the directory could not be listed (Swift raises
  // DiskFileNotOpen then).
  [[nodiscard]] const ObjectFiles* files() const noexcept { return files_ ? &*files_ : nullptr; }
  // After open: the data file, positioned at its start. Later calls return an empty Fd.
  [[nodiscard]] Fd take_data_file() noexcept { return std::move(data_file_); }

  // After damaged: the reason.
  [[nodiscard]] const std::string& damage() const noexcept { return damage_; }

  // After open or expired: the metadata of the PUT merged with that of later POSTs.
  [[nodiscard]] const Metadata& metadata() const noexcept { return metadata_; }
  [[nodiscard]] const Metadata& data_metadata() const noexcept { return data_metadata_; }
  // The metadata of the newest .meta, without `name`; nullopt without a .meta.
  [[nodiscard]] const std::optional<Metadata>& meta_metadata() const noexcept { return meta_metadata_; }

  // X-Timestamp of the merged metadata. Throws ValueError if it is missing or invalid.
  [[nodiscard]] Timestamp timestamp() const;
  // After deleted or expired: X-Timestamp of the tombstone or the merged metadata, zero if it is missing
  // (DiskFileDeleted). Throws ValueError if it is invalid.
  [[nodiscard]] Timestamp deleted_timestamp() const;
  // X-Timestamp of the data file. Throws ValueError.
  [[nodiscard]] Timestamp data_timestamp() const;
  // The timestamp of the last change of the content type. Throws ValueError.
  [[nodiscard]] Timestamp content_type_timestamp() const;

 private:
  struct Damaged;
  struct FileStatus;

  void forget();
  OpenOutcome open_seen(ExpiredObjects expired, double now, SeenFiles seen);
  OpenOutcome open_files(ExpiredObjects expired, double now);
  Metadata take_metadata(const ObjectFile& file, int fd = -1);
  void merge_content_type(const ObjectFile& file);
  void merge_meta();
  OpenOutcome open_tombstone(const ObjectFile& file);
  OpenOutcome open_data(ExpiredObjects expired, double now);
  OpenOutcome verify(ExpiredObjects expired, double now, const FileStatus& status) const;
  [[nodiscard]] std::string path_of(const ObjectFile& file) const { return hash_dir_ + "/" + file.name; }

  const Partition& partition_;
  ObjectName name_;
  FragmentRequest request_;
  DamagedObjects damaged_;
  std::string damage_;
  std::string hash_dir_;
  SeenFiles seen_;
  std::optional<ObjectFiles> files_;
  Fd data_file_;
  Metadata metadata_;
  Metadata data_metadata_;
  std::optional<Metadata> meta_metadata_;
};

}  // namespace ssync
