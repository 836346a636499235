#include "common/store/hash_dir_cleanup.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <stdexcept>

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

bool is_past_reclaim_age(const Partition& partition, const ObjectFile& file, double now) {
  return now - file.timestamp.seconds() > static_cast<double>(partition.settings.reclaim_age);
}

// True if what is left in the hash directory has replaced the file.
bool is_replaced(const Partition& partition, std::vector<std::string> left, const ObjectFile& file) {
  FragmentRequest any;
  if (partition.policy.type == PolicyType::erasure_coding) any.policy = &partition.policy.erasure_coding;
  const ObjectFiles files = choose_object_files(std::move(left), partition.policy.type, any);
  const auto is_as_new = [&](const std::optional<ObjectFile>& other) {
    return other && other->timestamp >= file.timestamp;
  };
  return is_as_new(files.data) || is_as_new(files.tombstone) ||
         (file.extension == ".meta" && is_as_new(files.meta));
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
    return is_past_reclaim_age(partition, file, now);
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

std::optional<CleanedHashDir> cleaned_after_write(const Partition& partition, const std::string& hash_dir) {
  try {
    return clean_up_hash_dir(partition, hash_dir);
  } catch (const OsError& error) {
    log::error("Problem cleaning up {}: {}", hash_dir, error.what());
    return std::nullopt;
  }
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
  static_cast<void>(cleaned_after_write(partition, hash_dir));
}

void clean_up_around(const Partition& partition, const std::string& hash_dir, const std::string& file_name) {
  const auto cleaned = cleaned_after_write(partition, hash_dir);
  if (!cleaned) return;
  const std::vector<std::string>& left = cleaned->names;
  if (std::find(left.begin(), left.end(), file_name) != left.end()) return;
  const ObjectFile file = parse_object_file(file_name, partition.policy.type);
  if (file.extension == ".ts" && is_past_reclaim_age(partition, file, Timestamp::now().seconds())) return;
  if (is_replaced(partition, left, file)) return;
  throw std::runtime_error("was stored, but is gone after the clean-up, and nothing newer is there: " +
                           hash_dir + "/" + file_name);
}

}  // namespace ssync
