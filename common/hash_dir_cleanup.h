// Removing what is obsolete from an object's hash directory.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/object_files.h"
#include "common/partition.h"

namespace ssync {

struct CleanedHashDir {
  std::vector<std::string> names;  // that remain, in reverse order; none if the directory is not there
  ObjectFiles files;               // what they are, without a reclaimed tombstone
};

// Lists the hash directory and removes obsolete files, and tombstones, lone .metas and undecided fragments
// past reclaim_age (the latter only if they were not written within commit_window); removes the directory if
// nothing is left in it (BaseDiskFileManager.cleanup_ondisk_files). Throws OsError if it cannot be listed
// (ENOTDIR, ENODATA, EIO …).
CleanedHashDir clean_up_hash_dir(const Partition& partition, const std::string& hash_dir,
                                 const FragmentRequest& request = {});

// What clean_up_hash_dir() would give for a hash directory with these names, if it has nothing to do and
// nothing to say there; nullopt if it has, as in an empty one. Changes nothing.
std::optional<CleanedHashDir> judged_clean(const Partition& partition, const std::string& hash_dir,
                                           std::vector<std::string> names,
                                           const FragmentRequest& request = {});

// clean_up_hash_dir() after something new was made durable in it: obsolete files that cannot be removed are
// the next clean-up's, so a failure is logged only.
void clean_up_after_write(const Partition& partition, const std::string& hash_dir);

}  // namespace ssync
