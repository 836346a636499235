#include "common/store/unsynced_directories.h"

#include <cerrno>
#include <utility>

#include "common/os/directory.h"
#include "common/os/errors.h"
#include "common/os/path.h"

namespace ssync {

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

}  // namespace ssync
