// Telling Swift's replicator that a suffix has changed.
#pragma once

#include <string>
#include <vector>

namespace ssync {

// Appends the suffix to <partition>/hashes.invalid under <partition>/.lock (10 s)
// (swift.obj.diskfile.invalidate_hash). Called before the change can be seen, so that no crash leaves
// a changed suffix with a valid hash. Makes the partition if it is gone, and returns the directories it
// made. Throws OsError, LockTimeout.
std::vector<std::string> invalidate_suffix(const std::string& suffix_dir);

}  // namespace ssync
