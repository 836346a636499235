// Moves damaged objects aside, so that replication can restore them.
#pragma once

#include <cstdint>
#include <string>

#include "common/layout/partition.h"

namespace ssync {

// Renames a hash directory (or a whole suffix directory, or a file in the place of either) to
// <device>/quarantined/objects[-N]/<its name>, with "-<32 hex digits>" added if that is taken, and
// invalidates its suffix first (swift.obj.diskfile.quarantine_renamer). Logs the reason as a warning.
// Returns the new path. Throws OsError, LockTimeout.
std::string quarantine(const Partition& partition, const std::string& directory, const std::string& reason);

// True for the errno of a damaged file or directory: ENODATA, as for a bad sector, or EUCLEAN, as XFS reports
// metadata that fails its checks (swift.obj.diskfile of 2.34 and later).
bool is_damage(int code);

// For a hash directory that cannot be listed: quarantines it if the error (an errno) says that it is a file
// (ENOTDIR) or damaged (is_damage(); if it cannot be moved, its suffix directory is). Throws OsError with
// this code for every other error.
void quarantine_unlistable(const Partition& partition, const std::string& hash_dir, int code);

// Counts one that was quarantined because it was to be opened or read, as BaseDiskFile._quarantine does; what
// lists hash directories counts none of its own.
void count_quarantined_object() noexcept;
// How many were counted in this process. Thread-safe.
std::uint64_t quarantined_objects() noexcept;

}  // namespace ssync
