#include "common/store/staged_file.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "common/layout/device.h"
#include "common/os/directory.h"
#include "common/os/errors.h"
#include "common/os/fd.h"
#include "common/os/log.h"
#include "common/os/path.h"
#include "common/python/errors.h"
#include "common/store/errors.h"

namespace ssync {
namespace {

// Bytes.
constexpr std::int64_t kWorthAsking = std::int64_t{16} << 20;

std::int64_t free_space(int fd, const std::string& path) {
  struct statvfs status {};
  if (::fstatvfs(fd, &status) != 0) throw_os_error(path);
  return static_cast<std::int64_t>(status.f_bfree * status.f_frsize);
}

bool is_full(int code) { return code == ENOSPC || code == EDQUOT; }

std::string_view extension_of(FileKind kind) {
  switch (kind) {
    case FileKind::data:
      return ".data";
    case FileKind::meta:
      return ".meta";
    case FileKind::tombstone:
      return ".ts";
  }
  return "";
}

void drop_cache(int fd, std::int64_t offset, std::int64_t length) {
  if (const int error = ::posix_fadvise(fd, offset, length, POSIX_FADV_DONTNEED); error != 0) {
    log::warning("posix_fadvise({}, {}, {}, DONTNEED) -> {}", fd, offset, length, error);
  }
}

}  // namespace

StagedFile::StagedFile(const Partition& partition, ObjectName name, FileKind kind, std::int64_t size,
                       UnsyncedDirectories& unsynced)
    : partition_(partition),
      name_(std::move(name)),
      kind_(kind),
      unsynced_(unsynced),
      hash_dir_(partition.hash_dir(hash_path(partition.conf, name_))) {
  try {
    const bool needs_space = kind_ != FileKind::tombstone && !partition.settings.disable_fallocate;
    // First, because a device that is full must not be filled with empty directories.
    if (needs_space) require_free_space(size);
    open_temporary();
    if (needs_space) preallocate(size);
  } catch (const OsError& error) {
    if (is_full(error.code())) throw InsufficientStorage(error.what());
    throw;
  }
}

void StagedFile::open_temporary() {
  for (int attempt = 1;; ++attempt) {
    const std::vector<std::string> made = make_directories(hash_dir_);
    unsynced_.add_parents(made);
    if (made.empty()) unsynced_.add_once(parent_of(hash_dir_));
    file_ = open_file(hash_dir_, O_TMPFILE | O_WRONLY);
    if (file_) return;
    // Another process's clean-up removed the directory while it was empty.
    if (errno != ENOENT || attempt == kAttempts) break;
  }
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) throw_os_error(hash_dir_);
  const std::string directory = partition_.device_path + "/" + partition_.policy.tmp_dir();
  make_directories(directory);
  std::string path = directory + "/tmpXXXXXX";
  file_ = Fd(::mkostemp(path.data(), O_CLOEXEC));
  if (!file_) throw_os_error(path);
  temporary_path_.set(std::move(path));
}

void StagedFile::require_free_space(std::int64_t size) const {
  const std::string& device = partition_.device_path;
  if (has_free_space(partition_.settings.fallocate_reserve, device, std::max<std::int64_t>(size, 0))) return;
  throw InsufficientStorage("not enough free space above fallocate_reserve on " + device);
}

void StagedFile::preallocate(std::int64_t size) const {
  if (size <= 0) return;
  // fallocate takes all there is before it finds that this is too little, and until it has given it back
  // nobody else can write. What is small does not need the question.
  if (size >= kWorthAsking && size > free_space(file_.get(), hash_dir_)) {
    throw InsufficientStorage(std::to_string(size) + " bytes are more than is free on " +
                              partition_.device_path);
  }
  while (::fallocate(file_.get(), FALLOC_FL_KEEP_SIZE, 0, size) != 0) {
    if (errno == EINTR) continue;
    // An object is not refused because the file system cannot preallocate.
    if (errno == ENOSYS || errno == EOPNOTSUPP || errno == EINVAL) return;
    throw_os_error(hash_dir_);
  }
}

void StagedFile::write(std::string_view data) {
  write_all(file_.get(), data, hash_dir_);
  written_ += static_cast<std::int64_t>(data.size());
  if (written_ - synced_ < partition_.settings.bytes_per_sync) return;
  while (::fdatasync(file_.get()) != 0) {
    if (errno != EINTR) throw_os_error(hash_dir_);
  }
  drop_cache(file_.get(), synced_, written_ - synced_);
  synced_ = written_;
}

void StagedFile::stage(Metadata metadata, std::optional<int> fragment_index) {
  const std::string* timestamp = metadata.find("X-Timestamp");
  if (timestamp == nullptr) throw ValueError("missing X-Timestamp for the file name");
  const std::string* content_type = metadata.find("Content-Type-Timestamp");
  std::optional<Timestamp> content_type_timestamp;
  if (content_type != nullptr && !content_type->empty()) {
    content_type_timestamp = Timestamp::parse(*content_type);
  }
  timestamp_ = Timestamp::parse(*timestamp);
  fragment_index_ = fragment_index;
  file_name_ = fragment_index_ ? make_fragment_name(timestamp_, *fragment_index_, Durability::undecided)
                               : make_file_name(timestamp_, extension_of(kind_), content_type_timestamp);
  metadata.set("name", name_.path());
  try {
    write_metadata(file_.get(), metadata, hash_dir_);
  } catch (const OsError& error) {
    // As in Swift, a DELETE does not answer 507 for a file system without extended attributes.
    const bool is_unsupported = error.code() == ENOTSUP && kind_ != FileKind::tombstone;
    if (is_full(error.code()) || is_unsupported) throw InsufficientStorage(error.what());
    throw;
  }
}

void StagedFile::sync_data() { sync_file(file_.get(), hash_dir_); }

void StagedFile::drop_pages() { drop_cache(file_.get(), 0, written_); }

void StagedFile::close() { file_.reset(); }

void StagedFile::link() {
  const std::string target = path();
  const std::string source =
      temporary_path_.get().empty() ? "/proc/self/fd/" + std::to_string(file_.get()) : temporary_path_.get();
  for (int attempt = 1;; ++attempt) {
    const int result = temporary_path_.get().empty()
                           ? ::linkat(AT_FDCWD, source.c_str(), AT_FDCWD, target.c_str(), AT_SYMLINK_FOLLOW)
                           : ::rename(source.c_str(), target.c_str());
    if (result == 0) break;
    if (attempt == kAttempts || (errno != ENOENT && errno != EEXIST)) throw_os_error(target);
    if (errno == ENOENT) {
      // Another process's clean-up removed the directory while it was empty.
      unsynced_.add_parents(make_directories(hash_dir_));
    } else if (::unlink(target.c_str()) != 0 && errno != ENOENT) {
      throw_os_error(target);
    }
  }
  temporary_path_.let_go();
  is_linked_ = true;
}

Fragment StagedFile::fragment() const {
  return {.hash_dir = hash_dir_, .timestamp = timestamp_, .index = *fragment_index_};
}

FragmentRename StagedFile::rename_to_durable() {
  const FragmentRename outcome = ssync::rename_to_durable(partition_, fragment());
  if (outcome == FragmentRename::durable) {
    file_name_ = make_fragment_name(timestamp_, *fragment_index_, Durability::durable);
  }
  return outcome;
}

void StagedFile::take_back() noexcept {
  if (!std::exchange(is_linked_, false)) return;
  if (::unlink(path().c_str()) != 0 && errno != ENOENT) {
    log::error("Cannot remove a file that could not be made durable: {}", OsError(errno, path()).what());
  }
}

}  // namespace ssync
