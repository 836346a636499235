// Telling Swift's replicator that a suffix has changed.
#pragma once

#include <string>
#include <vector>

namespace ssync {

// "<partition>/hashes.invalid".
std::string invalidations_path(const std::string& partition_dir);

// Appends the suffixes to <partition>/hashes.invalid under <partition>/.lock (10 s)
// (swift.obj.diskfile.invalidate_hash, for one suffix). Called before the change can be seen, so that no
// death of the process leaves a changed suffix with a valid hash. A last line without an end, which a crash
// of the machine leaves, is ended first: Swift's would swallow the first suffix. Not synced, as in Swift: see
// sync_invalidations. Makes the partition if it is gone, and returns the directories it made. Throws OsError,
// LockTimeout.
std::vector<std::string> append_invalidations(const std::string& partition_dir,
                                              const std::vector<std::string>& suffixes);

// The same for one suffix directory.
std::vector<std::string> invalidate_suffix(const std::string& suffix_dir);

// Makes the invalidations of a partition durable. Swift leaves them to the file system; a session that
// promises durability does not, since without them replication would trust a stale hash after a power cut.
// No effect if there are none. Throws OsError.
void sync_invalidations(const std::string& partition_dir);

}  // namespace ssync
