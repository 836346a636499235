#include "common/suffix_invalidation.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "common/errors.h"
#include "common/fd.h"
#include "common/lock_path.h"

namespace ssync {

namespace {

// True for an empty file too.
bool ends_with_newline(int file, const std::string& path) {
  const off_t size = ::lseek(file, 0, SEEK_END);
  if (size < 0) throw_os_error(path);
  if (size == 0) return true;
  char last = 0;
  if (::pread(file, &last, 1, size - 1) < 0) throw_os_error(path);
  return last == '\n';
}

}  // namespace

std::string invalidations_path(const std::string& partition_dir) { return partition_dir + "/hashes.invalid"; }

std::vector<std::string> append_invalidations(const std::string& partition_dir,
                                              const std::vector<std::string>& suffixes) {
  const PathLock lock = lock_hashes(partition_dir);
  const std::string path = invalidations_path(partition_dir);
  const Fd file = open_file(path, O_RDWR | O_CREAT | O_APPEND, 0666);
  if (!file) {
    // The partition was removed while we waited for its lock: it has no hashes that could be wrong.
    if (errno == ENOENT) return lock.made_directories();
    throw_os_error(path);
  }
  std::string lines;
  if (!ends_with_newline(file.get(), path)) lines += '\n';
  for (const std::string& suffix : suffixes) lines.append(suffix).append("\n");
  write_all(file.get(), lines, path);
  return lock.made_directories();
}

std::vector<std::string> invalidate_suffix(const std::string& suffix_dir) {
  return append_invalidations(parent_of(suffix_dir), {name_of(suffix_dir)});
}

void sync_invalidations(const std::string& partition_dir) {
  const std::string path = invalidations_path(partition_dir);
  const Fd file = open_file(path, O_RDONLY);
  if (!file) {
    if (errno == ENOENT) return;
    throw_os_error(path);
  }
  sync_file(file.get(), path);
  // The file may have been made by this session, so its name counts too.
  sync_directory(partition_dir);
}

}  // namespace ssync
