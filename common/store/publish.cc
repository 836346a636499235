#include "common/store/publish.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <string>

#include "common/hashes/suffix_invalidation.h"
#include "common/os/directory.h"
#include "common/os/errors.h"
#include "common/os/log.h"
#include "common/os/path.h"
#include "common/python/errors.h"
#include "common/store/errors.h"
#include "common/store/hash_dir_cleanup.h"

namespace ssync {
namespace {

bool is_same_file(const std::string& path, const std::string& other) {
  struct stat first {};
  struct stat second {};
  return ::stat(path.c_str(), &first) == 0 && ::stat(other.c_str(), &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

void sync_names(StagedFile& file) {
  file.unsynced().add(file.hash_dir());
  try {
    file.unsynced().sync();
  } catch (const OsError&) {
    // The next session's missing check must not find a file whose name may not be durable.
    file.take_back();
    throw;
  }
}

// As in Swift, a failed second link is not an error: the relinker makes the missing ones.
void link_again(const StagedFile& file, const std::string& other_dir) {
  const std::string to = other_dir + "/" + file.file_name();
  try {
    UnsyncedDirectories unsynced;
    unsynced.add_parents(make_directories(other_dir));
    if (::link(file.path().c_str(), to.c_str()) != 0 && !is_same_file(file.path(), to)) throw_os_error(to);
    unsynced.add(other_dir);
    unsynced.sync();
  } catch (const OsError& error) {
    log::error("Relinking {} to {} failed: {}", file.path(), to, error.what());
  }
}

// A second link that is not there is left to the relinker. Any other failure counts (2.37).
void rename_second_link(const std::string& other_dir, const std::string& from_name,
                        const std::string& to_name) {
  const std::string from = other_dir + "/" + from_name;
  const std::string to = other_dir + "/" + to_name;
  if (std::rename(from.c_str(), to.c_str()) == 0) return sync_directory(other_dir);
  const OsError error(errno, to);
  if (error.code() == ENOSPC || error.code() == EDQUOT) throw InsufficientStorage(error.what());
  if (error.code() != ENOENT) throw OsError(error);
  log::error("Renaming {} to {} failed: {}", from, to, error.what());
}

FragmentRename rename_to_durable(StagedFile& file) {
  try {
    return file.rename_to_durable();
  } catch (const std::runtime_error&) {
    // The fragment stays, not durable, and may count as stored; so its name is synced.
    sync_names(file);
    throw;
  }
}

}  // namespace

void publish(StagedFile& file, Durability durability, const std::optional<PowerIncrease>& increase) {
  file.sync_data();
  file.drop_pages();
  file.unsynced().add_parents(invalidate_suffix(parent_of(file.hash_dir())));
  file.link();
  const bool becomes_durable = file.is_fragment() && durability == Durability::durable;
  // A name that is about to change need not be synced, unless a second link is made first.
  if (!becomes_durable || increase) sync_names(file);
  if (increase && increase->refusal) throw ValueError(*increase->refusal);
  const bool has_second_link = increase && increase->needs_link;
  if (has_second_link) link_again(file, increase->other_hash_dir);
  if (becomes_durable) {
    const std::string undecided_name = file.file_name();
    if (rename_to_durable(file) == FragmentRename::superseded) {
      // Superseded by another server, which synced only the directories that it created.
      file.unsynced().sync();
      return;
    }
    sync_names(file);
    if (has_second_link) rename_second_link(increase->other_hash_dir, undecided_name, file.file_name());
  } else if (file.is_fragment()) {
    return;
  }
  clean_up_around(file.partition(), file.hash_dir(), file.file_name());
  if (increase) clean_up_after_write(file.partition(), increase->other_hash_dir);
}

}  // namespace ssync
