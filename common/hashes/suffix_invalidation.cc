#include "common/hashes/suffix_invalidation.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "common/hashes/hashes_lock.h"
#include "common/os/directory.h"
#include "common/os/errors.h"
#include "common/os/fd.h"
#include "common/os/lock_path.h"
#include "common/os/path.h"

namespace ssync {

namespace {

std::string lines_of(const std::vector<std::string>& suffixes) {
  std::string lines;
  for (const std::string& suffix : suffixes) lines.append(suffix).append("\n");
  return lines;
}

std::int64_t size_of(int file, const std::string& path) {
  const off_t size = ::lseek(file, 0, SEEK_END);
  if (size < 0) throw_os_error(path);
  return size;
}

bool ends_with_newline(int file, std::int64_t size, const std::string& path) {
  char last = 0;
  if (::pread(file, &last, 1, size - 1) < 0) throw_os_error(path);
  return last == '\n';
}

}  // namespace

std::string invalidations_path(const std::string& partition_dir) { return partition_dir + "/hashes.invalid"; }

Invalidations append_invalidations(const std::string& partition_dir,
                                   const std::vector<std::string>& suffixes) {
  const PathLock lock = lock_hashes(partition_dir);
  Invalidations appended{.made_directories = lock.made_directories(), .suffixes = suffixes};
  const std::string path = invalidations_path(partition_dir);
  const Fd file = open_file(path, O_RDWR | O_CREAT | O_APPEND, 0666);
  if (!file) {
    // The partition was removed while waiting for its lock, so it has no stale hashes.
    if (errno == ENOENT) return appended;
    throw_os_error(path);
  }
  appended.at = size_of(file.get(), path);
  if (appended.at != 0 && !ends_with_newline(file.get(), appended.at, path)) {
    write_all(file.get(), "\n", path);
    ++appended.at;
  }
  write_all(file.get(), lines_of(suffixes), path);
  return appended;
}

bool are_pending(const std::string& partition_dir, const Invalidations& invalidations) {
  const std::string path = invalidations_path(partition_dir);
  const Fd file = open_file(path, O_RDONLY);
  if (!file) {
    if (errno == ENOENT) return false;
    throw_os_error(path);
  }
  const std::string lines = lines_of(invalidations.suffixes);
  std::string there(lines.size(), '\0');
  const ssize_t size = ::pread(file.get(), there.data(), there.size(), invalidations.at);
  if (size < 0) throw_os_error(path);
  there.resize(static_cast<std::size_t>(size));
  return there == lines;
}

std::vector<std::string> invalidate_suffix(const std::string& suffix_dir) {
  return append_invalidations(parent_of(suffix_dir), {name_of(suffix_dir)}).made_directories;
}

void sync_invalidations(const std::string& partition_dir) {
  const std::string path = invalidations_path(partition_dir);
  const Fd file = open_file(path, O_RDONLY);
  if (!file) {
    if (errno == ENOENT) return;
    throw_os_error(path);
  }
  sync_file(file.get(), path);
  // This session may have created the file, so its name must be durable too.
  sync_directory(partition_dir);
}

}  // namespace ssync
