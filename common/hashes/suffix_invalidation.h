// Invalidates the hashes of changed suffixes for Swift's replicator.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ssync {

// "<partition>/hashes.invalid".
std::string invalidations_path(const std::string& partition_dir);

// Lines appended to hashes.invalid.
struct Invalidations {
  std::vector<std::string> made_directories;
  std::vector<std::string> suffixes;
  std::int64_t at = 0;  // offset of the lines in the file
};

// Appends the suffixes to <partition>/hashes.invalid under <partition>/.lock (10 s)
// (swift.obj.diskfile.invalidate_hash, for one suffix). To be called before the change becomes visible, so
// that a crash of the process cannot leave a changed suffix with a valid hash. If a crash of the machine has
// left a last line without a line end, the line is ended first; in Swift it would swallow the first suffix.
// Not synced, as in Swift: see sync_invalidations. Creates the partition if it is gone. Throws OsError,
// LockTimeout.
Invalidations append_invalidations(const std::string& partition_dir,
                                   const std::vector<std::string>& suffixes);

// True if the lines are still in the file, so that the suffixes will be hashed after this call. If not,
// another process has consumed them and may have hashed the suffixes before the change: they have to be
// appended again. Swift has this race too, for the duration of a link.
bool are_pending(const std::string& partition_dir, const Invalidations& invalidations);

// append_invalidations() for one suffix directory; returns the directories that were created.
std::vector<std::string> invalidate_suffix(const std::string& suffix_dir);

// Makes the invalidations of a partition durable. Swift leaves that to the file system. A session that
// promises durability has to sync them, because after a power failure without them replication would trust a
// stale hash. No effect without a hashes.invalid. Throws OsError.
void sync_invalidations(const std::string& partition_dir);

}  // namespace ssync
