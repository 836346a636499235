#include "common/store/hash_dir_cleanup.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>

#include "common/layout/object_files.h"
#include "common/os/directory.h"
#include "common/os/errors.h"
#include "common/os/log.h"

namespace ssync {
namespace {

// swift.common.utils.is_file_older: true for any file if age is 0, false if the file cannot be accessed.
bool is_older(const std::string& path, double now, double age) {
  if (age <= 0) return true;
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return false;
  const double modified =
      static_cast<double>(status.st_mtim.tv_sec) + static_cast<double>(status.st_mtim.tv_nsec) / 1e9;
  return now - modified > age;
}

struct Judgement {
  CleanedHashDir present;
  std::vector<ObjectFile> to_remove;
};

Judgement judge(const Partition& partition, const std::string& hash_dir, std::vector<std::string> names,
                const FragmentRequest& request) {
  Judgement result;
  std::sort(names.begin(), names.end(), std::greater<>());
  result.present.names = std::move(names);
  ObjectFiles& files = result.present.files;
  files = choose_object_files(result.present.names, partition.policy.type, request);
  if (!files.tombstone && files.possible_reclaim.empty() && files.obsolete.empty()) return result;

  const double now = Timestamp::now().seconds();
  const auto is_reclaimable = [&](const ObjectFile& file) {
    return now - file.timestamp.seconds() > static_cast<double>(partition.settings.reclaim_age);
  };
  if (files.tombstone && is_reclaimable(*files.tombstone)) {
    result.to_remove.push_back(*std::move(files.tombstone));
    files.tombstone.reset();
  }
  for (const ObjectFile& file : files.possible_reclaim) {
    if (!is_reclaimable(file)) continue;
    const bool may_be_committed =
        file.is_undecided() && !is_older(hash_dir + "/" + file.name, now, partition.settings.commit_window);
    if (!may_be_committed) result.to_remove.push_back(file);
  }
  result.to_remove.insert(result.to_remove.end(), files.obsolete.begin(), files.obsolete.end());
  return result;
}

}  // namespace

CleanedHashDir clean_up_hash_dir(const Partition& partition, const std::string& hash_dir,
                                 const FragmentRequest& request) {
  std::optional<std::vector<std::string>> listed = list_directory_if_there(hash_dir);
  if (!listed) return {};
  Judgement judgement = judge(partition, hash_dir, *std::move(listed), request);
  std::vector<std::string>& names = judgement.present.names;
  for (const std::string& name : judgement.present.files.unexpected) {
    const auto level = is_rsync_temporary(name) ? log::Level::debug : log::Level::warning;
    log::write(level, "Unexpected file {}/{}", hash_dir, name);
  }
  // As in Swift, failing to remove a file is not an error: the next clean-up tries again.
  for (const ObjectFile& file : judgement.to_remove) {
    const std::string path = hash_dir + "/" + file.name;
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
      log::warning("Cannot remove {}: {}", path, std::strerror(errno));
    }
    std::erase(names, file.name);
  }
  if (names.empty() && ::rmdir(hash_dir.c_str()) != 0 && errno != ENOENT && errno != ENOTEMPTY) {
    log::debug("Error cleaning up empty hash directory {}: {}", hash_dir, std::strerror(errno));
  }
  return std::move(judgement.present);
}

std::optional<CleanedHashDir> judged_clean(const Partition& partition, const std::string& hash_dir,
                                           std::vector<std::string> names, const FragmentRequest& request) {
  if (names.empty()) return std::nullopt;
  Judgement judgement = judge(partition, hash_dir, std::move(names), request);
  if (!judgement.to_remove.empty() || !judgement.present.files.unexpected.empty()) return std::nullopt;
  return std::move(judgement.present);
}

void clean_up_after_write(const Partition& partition, const std::string& hash_dir) {
  try {
    clean_up_hash_dir(partition, hash_dir);
  } catch (const OsError& error) {
    log::error("Problem cleaning up {}: {}", hash_dir, error.what());
  }
}

}  // namespace ssync
