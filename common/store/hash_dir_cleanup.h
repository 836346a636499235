// Removes obsolete files from an object's hash directory.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/layout/object_files.h"
#include "common/layout/partition.h"

namespace ssync {

struct CleanedHashDir {
  std::vector<std::string> names;  // that remain, in reverse order; empty if the directory does not exist
  ObjectFiles files;               // the parsed names, without a reclaimed tombstone
};

// Lists the hash directory and removes obsolete files, and tombstones, lone .metas and undecided fragments
// past reclaim_age (the latter only if they were not written within commit_window); removes the directory if
// it is empty then (BaseDiskFileManager.cleanup_ondisk_files). Throws OsError if it cannot be listed
// (ENOTDIR, ENODATA, EIO …).
CleanedHashDir clean_up_hash_dir(const Partition& partition, const std::string& hash_dir,
                                 const FragmentRequest& request = {});

// The result of clean_up_hash_dir() for a hash directory with these names, if it would neither change nor log
// anything; nullopt otherwise, also for an empty one. Changes nothing.
std::optional<CleanedHashDir> judged_clean(const Partition& partition, const std::string& hash_dir,
                                           std::vector<std::string> names,
                                           const FragmentRequest& request = {});

// clean_up_hash_dir() after a new file has become durable. A failure is only logged: the next clean-up
// removes what this one could not.
void clean_up_after_write(const Partition& partition, const std::string& hash_dir);

// clean_up_after_write() after this file of the object has become durable. Throws std::runtime_error if then
// neither it is there nor what may have replaced it: data or a tombstone at least as new, a newer .meta. It
// must not be acknowledged then. (A tombstone past reclaim_age may be gone.)
void clean_up_around(const Partition& partition, const std::string& hash_dir, const std::string& file_name);

}  // namespace ssync
