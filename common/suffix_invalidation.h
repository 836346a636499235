// Telling Swift's replicator that a suffix has changed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ssync {

// "<partition>/hashes.invalid".
std::string invalidations_path(const std::string& partition_dir);

// What was appended to hashes.invalid.
struct Invalidations {
  std::vector<std::string> made_directories;
  std::vector<std::string> suffixes;
  std::int64_t at = 0;  // where their lines stand in the file
};

// Appends the suffixes to <partition>/hashes.invalid under <partition>/.lock (10 s)
// (swift.obj.diskfile.invalidate_hash, for one suffix). Called before the change can be seen, so that no
// death of the process leaves a changed suffix with a valid hash. A last line without an end, which a crash
// of the machine leaves, is ended first: Swift's would swallow the first suffix. Not synced, as in Swift: see
// sync_invalidations. Makes the partition if it is gone. Throws OsError, LockTimeout.
Invalidations append_invalidations(const std::string& partition_dir,
                                   const std::vector<std::string>& suffixes);

// Whether they are still there, so that the suffixes are hashed after this. If not, somebody has taken them,
// and may have hashed the suffixes before the change that they announced: they have to be appended again.
// Swift has this hole, for as long as its one link takes.
bool are_pending(const std::string& partition_dir, const Invalidations& invalidations);

// The same for one suffix directory; returns the directories that were made.
std::vector<std::string> invalidate_suffix(const std::string& suffix_dir);

// Makes the invalidations of a partition durable. Swift leaves them to the file system; a session that
// promises durability does not, since without them replication would trust a stale hash after a power cut.
// No effect if there are none. Throws OsError.
void sync_invalidations(const std::string& partition_dir);

}  // namespace ssync
