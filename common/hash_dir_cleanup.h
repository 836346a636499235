// Removing what is obsolete from an object's hash directory.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/partition.h"

namespace ssync {

// Lists the hash directory and removes obsolete files, and tombstones and lone .metas past
// reclaim_age; removes the directory if nothing is left in it
// (BaseDiskFileManager.cleanup_ondisk_files). Returns the names that remain, in reverse order; none if
// the directory is not there. Throws OsError if it cannot be listed (ENOTDIR, ENODATA, EIO …).
std::vector<std::string> clean_up_hash_dir(const Partition& partition, const std::string& hash_dir);

}  // namespace ssync
