#include "worker/replicator/removal.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <string_view>

#include "common/hashes/hashes_file.h"
#include "common/os/directory.h"
#include "common/os/errors.h"
#include "common/os/fd.h"
#include "common/python/hex.h"
#include "common/store/suffix_hashes.h"

namespace ssync {
namespace {

bool is_past(const ObjectFile& file, double now, std::int64_t reclaim_age) {
  return now - file.timestamp.seconds() > static_cast<double>(reclaim_age);
}

// Of an object's files. Names of others may begin with a time too.
bool is_swifts(std::string_view name, const HandoffObject& object) {
  return (name.ends_with(".data") || name.ends_with(".ts") || name.ends_with(".meta")) &&
         std::ranges::find(object.files.unexpected, name) == object.files.unexpected.end();
}

// Files of which Swift keeps none for an object's sake.
bool is_leftover(const HandoffObject& object, double now, std::int64_t reclaim_age) {
  return std::ranges::all_of(object.names, [&](const auto& name) { return is_swifts(name, object); }) &&
         std::ranges::all_of(object.files.possible_reclaim,
                             [&](const ObjectFile& file) { return is_past(file, now, reclaim_age); });
}

// Metadata of data that is not here, and not so old that it need not be kept.
bool has_metadata_alone(const HandoffObject& object, double now, std::int64_t reclaim_age) {
  return !object.files.data &&
         std::ranges::any_of(object.files.possible_reclaim, [&](const ObjectFile& file) {
           return file.extension == ".meta" && !is_past(file, now, reclaim_age);
         });
}

// hashes.pkl is written as another file first, which a kill leaves behind (tempfile.mkstemp).
bool is_partitions_own(std::string_view name) {
  return name == "hashes.pkl" || name == "hashes.invalid" || name == ".lock" || name.starts_with(".lock-") ||
         (name.starts_with("tmp") && name.ends_with(".tmp"));
}

// Only if it is empty.
void remove_directory(const std::string& path) {
  if (::rmdir(path.c_str()) == 0) return;
  for (const int error : {ENOENT, ENOTEMPTY, EEXIST, ENOTDIR}) {
    if (errno == error) return;
  }
  throw_os_error(path);
}

// True if all of the object's files were removed; false if others are there than were listed.
bool remove_object(const std::string& hash_dir, const HandoffObject& object) {
  const Fd directory = open_file(hash_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!directory) {
    if (errno == ENOENT) return true;
    throw_os_error(hash_dir);
  }
  auto names = list_open_directory(directory.get(), hash_dir);
  if (!names) return true;
  std::sort(names->begin(), names->end());
  if (*names != object.names) return false;
  for (const std::string& name : object.names) {
    if (!is_swifts(name, object)) continue;
    if (::unlinkat(directory.get(), name.c_str(), 0) != 0 && errno != ENOENT) {
      throw_os_error(fmt::format("{}/{}", hash_dir, name));
    }
  }
  remove_directory(hash_dir);
  return true;
}

// As remove_partition_if_empty().
bool remove_if_empty(const std::string& path) {
  const auto names = list_directory_if_there(path);
  if (!names) return true;
  for (const std::string& name : *names) {
    if (is_suffix(name)) remove_directory(fmt::format("{}/{}", path, name));
  }
  const auto left = list_directory_if_there(path);
  if (!left) return true;
  if (!std::ranges::all_of(*left, is_partitions_own)) return false;
  const auto remove = [&](const std::string& name) {
    const std::string file = fmt::format("{}/{}", path, name);
    if (::unlink(file.c_str()) != 0 && errno != ENOENT) throw_os_error(file);
  };
  // First: without hashes.invalid it would tell of objects that are gone, if it comes to no more than that.
  remove("hashes.pkl");
  for (const std::string& name : *left) remove(name);
  remove_directory(path);
  return !is_directory(path);
}

}  // namespace

Keeping reason_to_keep(const HandoffObject& object, std::size_t confirmed, std::size_t required, double now,
                       std::int64_t reclaim_age) {
  if (required == 0) return Keeping::unconfirmed;
  if (has_metadata_alone(object, now, reclaim_age)) return Keeping::not_sendable;
  if (object.files.data) return confirmed >= required ? Keeping::not_needed : Keeping::unconfirmed;
  if (object.files.tombstone) {
    const bool is_needed = !is_past(*object.files.tombstone, now, reclaim_age);
    return is_needed && confirmed < required ? Keeping::unconfirmed : Keeping::not_needed;
  }
  return is_leftover(object, now, reclaim_age) ? Keeping::not_needed : Keeping::not_sendable;
}

Removed remove_objects(const Partition& partition, const std::vector<const HandoffObject*>& objects) {
  std::set<std::string> suffixes;
  for (const HandoffObject* object : objects) suffixes.insert(object->suffix);
  invalidate_suffixes(partition, {suffixes.begin(), suffixes.end()});
  Removed removed;
  for (const HandoffObject* object : objects) {
    if (remove_object(partition.hash_dir(python::to_hex(object->hash)), *object)) {
      ++removed.objects;
    } else {
      ++removed.changed;
    }
  }
  for (const std::string& suffix : suffixes) remove_directory(partition.path() + "/" + suffix);
  removed.suffixes.assign(suffixes.begin(), suffixes.end());
  return removed;
}

bool remove_partition_if_empty(const Partition& partition, const std::vector<std::string>& changed_suffixes) {
  const bool is_gone = remove_if_empty(partition.path());
  if (!is_gone) invalidate_suffixes(partition, changed_suffixes);
  return is_gone;
}

}  // namespace ssync
