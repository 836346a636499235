// Opening an object on disk: which files, whether they are whole, and what they say.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/fd.h"
#include "common/metadata.h"
#include "common/object_files.h"
#include "common/object_name.h"
#include "common/partition.h"
#include "common/timestamp.h"

namespace ssync {

enum class OpenOutcome {
  open,
  not_exist,      // no data and no tombstone (DiskFileNotExist)
  deleted,        // a tombstone: deleted_timestamp() is its time (DiskFileDeleted)
  expired,        // past X-Delete-At and not asked for (DiskFileExpired); metadata is readable
  quarantined,    // was damaged and is now in quarantine (DiskFileQuarantined)
  damaged,        // is damaged and stays where it is (DamagedObjects::leave): damage() says how
  collision,      // the metadata names another object (DiskFileCollision)
  changing,       // its files were replaced whenever they were looked at: ask again later
  not_supported,  // no extended attributes (DiskFileXattrNotSupported)
};

enum class ExpiredObjects { refuse, open };

// leave is for whoever must not change the device.
enum class DamagedObjects { quarantine, leave };

// What the caller has just seen of an object's hash directory: its names, and one of its files, opened and
// its metadata read. Saves looking at it again.
struct SeenFiles {
  std::vector<std::string> names;
  std::string file_name;
  Fd file;
  Metadata metadata;
};

// A DiskFile of swift.obj.diskfile, for reading its state.
class DiskFile {
 public:
  // Of an erasure-coding policy the request says which fragment is meant; its policy is filled in.
  DiskFile(const Partition& partition, ObjectName name, FragmentRequest request = {},
           DamagedObjects damaged = DamagedObjects::quarantine);

  // Reads the object's state, with quarantine of what is damaged unless that is to be left
  // (BaseDiskFile.open). now, in seconds, decides what has expired. Throws OsError (a directory or file that
  // cannot be read), ValueError (metadata that no Swift wrote), LockTimeout.
  OpenOutcome open(ExpiredObjects expired, double now);
  // The same with what was seen of this object's hash_dir().
  OpenOutcome open(ExpiredObjects expired, double now, SeenFiles seen);

  [[nodiscard]] const ObjectName& name() const noexcept { return name_; }
  [[nodiscard]] const std::string& hash_dir() const noexcept { return hash_dir_; }

  // What there is in the hash directory, whatever came of opening it: the fragments and the newest durable
  // time among them. Null before open() and where the directory could not be listed (which Swift tells by
  // raising DiskFileNotOpen).
  [[nodiscard]] const ObjectFiles* files() const noexcept { return files_ ? &*files_ : nullptr; }
  // After open: the data file, readable from its start. Once; the next one is empty.
  [[nodiscard]] Fd take_data_file() noexcept { return std::move(data_file_); }

  // After damaged: what is wrong with it.
  [[nodiscard]] const std::string& damage() const noexcept { return damage_; }

  // After open or expired: what was stored by PUT merged with what POSTs changed since.
  [[nodiscard]] const Metadata& metadata() const noexcept { return metadata_; }
  [[nodiscard]] const Metadata& data_metadata() const noexcept { return data_metadata_; }
  // What the newest .meta holds, without `name`; nullopt without a .meta.
  [[nodiscard]] const std::optional<Metadata>& meta_metadata() const noexcept { return meta_metadata_; }

  // X-Timestamp of the merged metadata. Throws ValueError if absent or bad.
  [[nodiscard]] Timestamp timestamp() const;
  // After deleted or expired: X-Timestamp of the tombstone or the merged metadata, zero if it is absent
  // (DiskFileDeleted). Throws ValueError if it is bad.
  [[nodiscard]] Timestamp deleted_timestamp() const;
  // X-Timestamp of the data file. Throws ValueError.
  [[nodiscard]] Timestamp data_timestamp() const;
  // When the content type was last set. Throws ValueError.
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
