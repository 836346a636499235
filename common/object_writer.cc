#include "common/object_writer.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <utility>

#include "common/device.h"
#include "common/errors.h"
#include "common/hash_dir_cleanup.h"
#include "common/lock_path.h"
#include "common/object_files.h"
#include "common/partition_power.h"
#include "common/suffix_invalidation.h"
#include "common/timestamp.h"

namespace ssync {
namespace {

constexpr int kAttempts = 3;

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

bool is_same_file(const std::string& path, const std::string& other) {
  struct stat first {};
  struct stat second {};
  return ::stat(path.c_str(), &first) == 0 && ::stat(other.c_str(), &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

void drop_cache(int fd, std::int64_t offset, std::int64_t length) {
  if (const int error = ::posix_fadvise(fd, offset, length, POSIX_FADV_DONTNEED); error != 0) {
    spdlog::warn("posix_fadvise({}, {}, {}, DONTNEED) -> {}", fd, offset, length, error);
  }
}

}  // namespace

TemporaryPath::~TemporaryPath() {
  if (!path_.empty() && ::unlink(path_.c_str()) != 0) {
    spdlog::error("Error removing tempfile: {}", OsError(errno, path_).what());
  }
}

void UnsyncedDirectories::add(std::string directory) {
  const std::lock_guard lock(mutex_);
  directories_.insert(std::move(directory));
}

void UnsyncedDirectories::add_parents(const std::vector<std::string>& made) {
  for (const std::string& directory : made) add(parent_of(directory));
}

void UnsyncedDirectories::add_once(const std::string& directory) {
  const std::lock_guard lock(mutex_);
  if (added_once_.insert(directory).second) directories_.insert(directory);
}

void UnsyncedDirectories::sync() {
  const std::lock_guard lock(mutex_);
  while (!directories_.empty()) {
    const auto next = directories_.begin();
    sync_directory_if_there(*next);
    directories_.erase(next);
  }
}

std::vector<std::string> UnsyncedDirectories::take() {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> taken(directories_.begin(), directories_.end());
  directories_.clear();
  return taken;
}

void sync_directory_if_there(const std::string& directory) {
  try {
    sync_directory(directory);
  } catch (const OsError& error) {
    if (error.code() != ENOENT) throw;
  }
}

ObjectWriter::ObjectWriter(const Partition& partition, ObjectName name, FileKind kind, std::int64_t size,
                           UnsyncedDirectories& unsynced, std::string next_part_power)
    : partition_(partition),
      name_(std::move(name)),
      kind_(kind),
      unsynced_(unsynced),
      hash_dir_(partition.hash_dir(hash_path(partition.conf, name_))),
      next_part_power_(std::move(next_part_power)) {
  try {
    open_temporary();
    if (kind_ != FileKind::tombstone) reserve(size);
  } catch (const OsError& error) {
    if (is_full(error.code())) throw InsufficientStorage(error.what());
    throw;
  }
}

void ObjectWriter::open_temporary() {
  for (int attempt = 1;; ++attempt) {
    const std::vector<std::string> made = make_directories(hash_dir_);
    unsynced_.add_parents(made);
    if (made.empty()) unsynced_.add_once(parent_of(hash_dir_));
    file_ = open_file(hash_dir_, O_TMPFILE | O_WRONLY);
    if (file_) return;
    // Somebody's clean-up removed the directory while it was empty.
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

void ObjectWriter::reserve(std::int64_t size) const {
  const ObjectServerSettings& settings = partition_.settings;
  size = std::max<std::int64_t>(size, 0);
  if (settings.disable_fallocate) return;
  if (!has_free_space(settings.fallocate_reserve, file_.get(), size)) {
    throw InsufficientStorage("fallocate_reserve leaves no room on " + partition_.device_path);
  }
  if (size == 0) return;
  while (::fallocate(file_.get(), FALLOC_FL_KEEP_SIZE, 0, size) != 0) {
    if (errno == EINTR) continue;
    // A file system that cannot preallocate is no reason to refuse an object.
    if (errno == ENOSYS || errno == EOPNOTSUPP || errno == EINVAL) return;
    throw_os_error(hash_dir_);
  }
}

void ObjectWriter::write(std::string_view data) {
  write_all(file_.get(), data, hash_dir_);
  written_ += static_cast<std::int64_t>(data.size());
  if (written_ - synced_ < partition_.settings.bytes_per_sync) return;
  while (::fdatasync(file_.get()) != 0) {
    if (errno != EINTR) throw_os_error(hash_dir_);
  }
  drop_cache(file_.get(), synced_, written_ - synced_);
  synced_ = written_;
}

void ObjectWriter::stage(Metadata metadata, std::optional<int> fragment_index) {
  const std::string* timestamp = metadata.find("X-Timestamp");
  if (timestamp == nullptr) throw ValueError("no X-Timestamp to name the file by");
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
    // Swift's DELETE does not expect a file system without extended attributes.
    const bool is_unsupported = error.code() == ENOTSUP && kind_ != FileKind::tombstone;
    if (is_full(error.code()) || is_unsupported) throw InsufficientStorage(error.what());
    throw;
  }
}

void ObjectWriter::sync_data() { sync_file(file_.get(), hash_dir_); }

void ObjectWriter::publish(Durability durability) {
  sync_data();
  drop_cache(file_.get(), 0, written_);
  unsynced_.add_parents(invalidate_suffix(parent_of(hash_dir_)));
  link();
  const bool commits = fragment_index_ && durability == Durability::durable;
  // A name that is about to change need not be durable first, unless it gets a second link before.
  if (!commits || !next_part_power_.empty()) sync_names();
  if (!next_part_power_.empty()) relink();
  if (commits) {
    commit();
  } else if (!fragment_index_) {
    clean_up();
  }
}

void ObjectWriter::reveal(Durability durability) {
  is_decided_ = !fragment_index_;
  link();
  // Not right after the sync: pages that another processor has just written can only be dropped after all
  // processors have handed theirs over, which takes longer than all the rest.
  drop_cache(file_.get(), 0, written_);
  file_.reset();
  if (!fragment_index_ || durability != Durability::durable) return;
  if (rename_to_durable(partition_, fragment()) == CommitOutcome::superseded) return;
  file_name_ = make_fragment_name(timestamp_, *fragment_index_, Durability::durable);
  is_decided_ = true;
}

void ObjectWriter::take_back() noexcept {
  if (!std::exchange(is_revealed_, false)) return;
  const std::string path = hash_dir_ + "/" + file_name_;
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    spdlog::error("Cannot take back: {}", OsError(errno, path).what());
  }
}

void ObjectWriter::sync_names() {
  unsynced_.add(hash_dir_);
  try {
    unsynced_.sync();
  } catch (const OsError&) {
    // A name that may not be on disk must not count as stored in the next session's missing check.
    take_back();
    throw;
  }
}

void ObjectWriter::relink() {
  const std::string hash = name_of(hash_dir_);
  twin_dir_ = hash_dir_at_power(partition_, hash, parse_partition_power(next_part_power_));
  if (!is_relinked()) return;
  const std::string from = hash_dir_ + "/" + file_name_;
  const std::string to = twin_dir_ + "/" + file_name_;
  // As in Swift the object is stored without it: the relinker makes the links that it finds missing.
  try {
    UnsyncedDirectories unsynced;
    unsynced.add_parents(make_directories(twin_dir_));
    if (::link(from.c_str(), to.c_str()) != 0 && !is_same_file(from, to)) throw_os_error(to);
    unsynced.add(twin_dir_);
    unsynced.sync();
  } catch (const OsError& error) {
    spdlog::error("Relinking {} to {} failed: {}", from, to, error.what());
  }
}

Fragment ObjectWriter::fragment() const {
  return {.hash_dir = hash_dir_, .timestamp = timestamp_, .index = *fragment_index_};
}

CommitOutcome ObjectWriter::rename_fragment() {
  try {
    return rename_to_durable(partition_, fragment());
  } catch (const std::runtime_error&) {
    // The fragment stays as one that is not durable, and that may count as stored.
    sync_names();
    throw;
  }
}

void ObjectWriter::commit() {
  if (rename_fragment() == CommitOutcome::superseded) {
    // By a server that synced only the directories that it made itself.
    unsynced_.sync();
    return;
  }
  const std::string durable_name = make_fragment_name(timestamp_, *fragment_index_, Durability::durable);
  const std::string undecided_name = std::exchange(file_name_, durable_name);
  sync_names();
  if (is_relinked()) {
    const std::string from = twin_dir_ + "/" + undecided_name;
    const std::string to = twin_dir_ + "/" + durable_name;
    try {
      if (std::rename(from.c_str(), to.c_str()) != 0) throw_os_error(to);
      sync_directory(twin_dir_);
    } catch (const OsError& error) {
      spdlog::error("Renaming {} to {} failed: {}", from, to, error.what());
    }
  }
  clean_up();
}

void ObjectWriter::clean_up() const {
  if (!is_decided_) return;
  clean_up_after_write(partition_, hash_dir_);
  if (twin_dir_.empty()) return;
  if (is_relinked()) {
    clean_up_after_write(partition_, twin_dir_);
    return;
  }
  // The power has been increased, but the relinker has not yet removed the old links.
  const std::int64_t power = parse_partition_power(next_part_power_) - 1;
  clean_up_after_write(partition_, hash_dir_at_power(partition_, name_of(hash_dir_), power));
}

void ObjectWriter::link() {
  const std::string target = hash_dir_ + "/" + file_name_;
  const std::string source =
      temporary_path_.get().empty() ? "/proc/self/fd/" + std::to_string(file_.get()) : temporary_path_.get();
  for (int attempt = 1;; ++attempt) {
    const int result = temporary_path_.get().empty()
                           ? ::linkat(AT_FDCWD, source.c_str(), AT_FDCWD, target.c_str(), AT_SYMLINK_FOLLOW)
                           : ::rename(source.c_str(), target.c_str());
    if (result == 0) break;
    if (attempt == kAttempts || (errno != ENOENT && errno != EEXIST)) throw_os_error(target);
    if (errno == ENOENT) {
      // Somebody's clean-up removed the directory while it was empty.
      unsynced_.add_parents(make_directories(hash_dir_));
    } else if (::unlink(target.c_str()) != 0 && errno != ENOENT) {
      throw_os_error(target);
    }
  }
  temporary_path_.let_go();
  is_revealed_ = true;
}

}  // namespace ssync
