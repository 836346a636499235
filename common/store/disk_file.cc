#include "common/store/disk_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <compare>
#include <utility>

#include "common/layout/errors.h"
#include "common/os/directory.h"
#include "common/os/errors.h"
#include "common/os/fd.h"
#include "common/os/log.h"
#include "common/python/errors.h"
#include "common/python/number.h"
#include "common/store/quarantine.h"

namespace ssync {
namespace {

// Python's error in Swift; senders never see it.
Timestamp stored_timestamp(const Metadata& metadata, std::string_view name) {
  const std::string* value = metadata.find(name);
  if (value == nullptr) {
    throw ValueError("float() argument must be a string or a real number, not 'NoneType'");
  }
  return Timestamp::parse(python::ascii_number(*value));
}

const std::string& value_or_empty(const Metadata& metadata, std::string_view name) {
  static const std::string empty;
  const std::string* value = metadata.find(name);
  return value == nullptr ? empty : *value;
}

// Compares the time with a stored one. As in Swift, that may be out of range.
std::strong_ordering compare(const Timestamp& time, const std::string& stored) {
  try {
    return time <=> Timestamp::parse(python::ascii_number(stored));
  } catch (const TimeOutOfRange& other) {
    return other.is_later() ? std::strong_ordering::less : std::strong_ordering::greater;
  }
}

constexpr char kContentType[] = "Content-Type";
constexpr char kContentTypeTimestamp[] = "Content-Type-Timestamp";

}  // namespace

struct DiskFile::FileStatus {
  struct stat status {};
  int error = 0;  // errno if fstat() failed

  explicit FileStatus(int fd) {
    if (::fstat(fd, &status) != 0) error = errno;
  }
};

// Thrown only within open(), for an object to be quarantined.
struct DiskFile::Damaged {
  std::string reason;
};

namespace {
// Thrown only within open(), for the two faults that are not damage.
struct Unavailable {
  OpenOutcome outcome;
};
}  // namespace

DiskFile::DiskFile(const Partition& partition, ObjectName name, FragmentRequest request,
                   DamagedObjects damaged)
    : partition_(partition),
      name_(std::move(name)),
      request_(std::move(request)),
      damaged_(damaged),
      hash_dir_(partition.hash_dir(hash_path(partition.conf, name_))) {
  if (partition.policy.type == PolicyType::erasure_coding) request_.policy = &partition.policy.erasure_coding;
}

Timestamp DiskFile::timestamp() const { return stored_timestamp(metadata_, "X-Timestamp"); }
Timestamp DiskFile::deleted_timestamp() const {
  return metadata_.find("X-Timestamp") == nullptr ? Timestamp() : timestamp();
}
Timestamp DiskFile::data_timestamp() const { return stored_timestamp(data_metadata_, "X-Timestamp"); }
Timestamp DiskFile::content_type_timestamp() const {
  return metadata_.find(kContentTypeTimestamp) != nullptr ? stored_timestamp(metadata_, kContentTypeTimestamp)
                                                          : data_timestamp();
}

OpenOutcome DiskFile::open(ExpiredObjects expired, double now) {
  // A file that is gone after listing was replaced by a newer one meanwhile (for example by a PUT through
  // another server). "Not found" would be wrong, and a sender might delete its copy because of it.
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::optional<std::vector<std::string>> names;
    try {
      names = list_directory_if_there(hash_dir_);
    } catch (const OsError& error) {
      forget();
      if (damaged_ == DamagedObjects::leave) throw;
      quarantine_unlistable(partition_, hash_dir_, error.code());
      count_quarantined_object();
      return OpenOutcome::quarantined;
    }
    if (!names) {
      forget();
      files_.emplace();
      return OpenOutcome::not_exist;
    }
    const OpenOutcome outcome = open_seen(
        expired, now, SeenFiles{.names = std::move(*names), .file_name = "", .file = Fd(), .metadata = {}});
    if (outcome != OpenOutcome::changing) return outcome;
  }
  return OpenOutcome::changing;
}

OpenOutcome DiskFile::open(ExpiredObjects expired, double now, SeenFiles seen) {
  const OpenOutcome outcome = open_seen(expired, now, std::move(seen));
  return outcome == OpenOutcome::changing ? open(expired, now) : outcome;
}

void DiskFile::forget() {
  metadata_ = {};
  data_metadata_ = {};
  meta_metadata_.reset();
  seen_ = {};
  files_.reset();
  data_file_.reset();
}

OpenOutcome DiskFile::open_seen(ExpiredObjects expired, double now, SeenFiles seen) {
  forget();
  seen_ = std::move(seen);
  files_ = choose_object_files(std::move(seen_.names), partition_.policy.type, request_);
  try {
    return open_files(expired, now);
  } catch (const Unavailable& unavailable) {
    return unavailable.outcome;
  } catch (const Damaged& damaged) {
    if (damaged_ == DamagedObjects::leave) {
      damage_ = damaged.reason;
      return OpenOutcome::damaged;
    }
    quarantine(partition_, hash_dir_, damaged.reason);
    count_quarantined_object();
    // A corrupt tombstone counts as missing.
    return files_->data ? OpenOutcome::quarantined : OpenOutcome::not_exist;
  }
}

OpenOutcome DiskFile::open_files(ExpiredObjects expired, double now) {
  if (files_->data) return open_data(expired, now);
  if (files_->tombstone) return open_tombstone(*files_->tombstone);
  return OpenOutcome::not_exist;
}

Metadata DiskFile::take_metadata(const ObjectFile& file, int fd) {
  if (file.name == seen_.file_name) return std::move(seen_.metadata);
  const std::string path = path_of(file);
  MetadataRead read = fd >= 0 ? read_metadata(fd, path) : read_metadata(path);
  switch (read.fault) {
    case MetadataFault::none:
      return std::move(read.metadata);
    case MetadataFault::no_file:
      throw Unavailable{OpenOutcome::changing};
    case MetadataFault::not_supported:
      log::error("Filesystem at {} does not support xattr", path);
      throw Unavailable{OpenOutcome::not_supported};
    case MetadataFault::bad_checksum:
      throw Damaged{read.message};
    case MetadataFault::missing:
    case MetadataFault::unreadable:
      break;
  }
  throw Damaged{"Exception reading metadata: " + read.message};
}

OpenOutcome DiskFile::open_tombstone(const ObjectFile& file) {
  metadata_ = take_metadata(file);
  // As in Swift, an invalid timestamp is an error on open, even if it is not used.
  static_cast<void>(deleted_timestamp());
  return OpenOutcome::deleted;
}

OpenOutcome DiskFile::open_data(ExpiredObjects expired, double now) {
  const std::string path = path_of(*files_->data);
  // O_NONBLOCK: a FIFO in place of a file must not block the worker.
  if (files_->data->name == seen_.file_name) {
    data_file_ = std::move(seen_.file);
  } else {
    data_file_ = open_file(path, O_RDONLY | O_NONBLOCK);
  }
  if (!data_file_) {
    if (errno == ENOENT) return OpenOutcome::changing;
    if (const int code = errno; is_damage(code)) {
      throw Damaged{"Failed to open " + path + ": " + OsError(code, path).what()};
    }
    throw_os_error(path);
  }
  // Unlike open(), Python's open() fails for a directory; then nothing is quarantined.
  const FileStatus status(data_file_.get());
  if (S_ISDIR(status.status.st_mode)) throw OsError(EISDIR, path);
  data_metadata_ = take_metadata(*files_->data, data_file_.get());
  if (files_->meta) {
    merge_meta();
  } else {
    metadata_ = data_metadata_;
  }
  return verify(expired, now, status);
}

void DiskFile::merge_meta() {
  meta_metadata_ = take_metadata(*files_->meta);
  if (files_->content_type && files_->content_type->name != files_->meta->name) {
    merge_content_type(*files_->content_type);
  }
  metadata_ = *meta_metadata_;
  for (const Metadata::Item& item : data_metadata_.items()) {
    if (belongs_to_data_file(item.name)) metadata_.set(item.name, item.value);
  }
  meta_metadata_->erase("name");
  const std::string* content_type = data_metadata_.find(kContentType);
  if (content_type == nullptr) return;
  const std::string* changed = meta_metadata_->find(kContentTypeTimestamp);
  // Always read: data without a timestamp is an error, even if nothing depends on it.
  const Timestamp time = data_timestamp();
  if (changed == nullptr || std::is_gt(compare(time, *changed))) {
    metadata_.set(kContentType, *content_type);
    metadata_.erase(kContentTypeTimestamp);
  }
}

void DiskFile::merge_content_type(const ObjectFile& file) {
  const Metadata other = take_metadata(file);
  const std::string* content_type = other.find(kContentType);
  const std::string& time = value_or_empty(other, kContentTypeTimestamp);
  if (content_type != nullptr && time > value_or_empty(*meta_metadata_, kContentTypeTimestamp) &&
      std::is_lt(compare(data_timestamp(), time))) {
    meta_metadata_->set(kContentType, *content_type);
    meta_metadata_->set(kContentTypeTimestamp, time);
  }
}

OpenOutcome DiskFile::verify(ExpiredObjects expired, double now, const FileStatus& status) const {
  const std::string* name = metadata_.find("name");
  if (name == nullptr) throw Damaged{"missing name metadata"};
  if (*name != name_.path()) {
    // With DamagedObjects::leave the caller reports the damage.
    if (damaged_ == DamagedObjects::quarantine) {
      log::error("Client path {} does not match path stored in object metadata {}", name_.path(), *name);
    }
    return OpenOutcome::collision;
  }
  const auto integer = [&](std::string_view key, std::string_view what) -> std::optional<python::Integer> {
    const std::string* value = metadata_.find(key);
    if (value == nullptr) return std::nullopt;
    try {
      return python::parse_integer(python::ascii_number(*value), 10);
    } catch (const ValueError&) {
      throw Damaged{"bad metadata " + std::string(what) + " value " + *value};
    }
  };
  const auto delete_at = integer("X-Delete-At", "x-delete-at");
  if (delete_at && static_cast<double>(python::to_int64(*delete_at)) <= now &&
      expired == ExpiredObjects::refuse) {
    static_cast<void>(deleted_timestamp());
    return OpenOutcome::expired;
  }
  const auto length = integer("Content-Length", "content-length");
  if (!length) throw Damaged{"missing content-length in metadata"};
  if (status.error != 0) throw Damaged{std::string("not stat-able: ") + OsError(status.error, "").what()};
  if (status.status.st_size != python::to_int64(*length)) {
    throw Damaged{"metadata content-length " + std::to_string(python::to_int64(*length)) +
                  " does not match actual object size " + std::to_string(status.status.st_size)};
  }
  return OpenOutcome::open;
}

}  // namespace ssync
