// The hashes of a partition's suffixes: what replicators compare to find out what differs.
#pragma once

#include <string>
#include <vector>

#include "common/disk_threads.h"
#include "common/partition.h"
#include "common/pickle.h"

namespace ssync {

// The hash of each suffix, as a dictionary of text to 32 hex digits (or None, where hashing failed), in the
// order of hashes.pkl; for an erasure-coding policy to a dictionary of fragment index or None to 32 hex
// digits. Nothing is made if the partition is not there: an empty dictionary.
//
// Equals BaseDiskFileManager.get_hashes without suffixes. Invalidations are first merged into hashes.pkl; a
// valid hashes.pkl is trusted but for what is None in it; suffixes without a hash are hashed, with clean-up
// and quarantine of what is found; and hashes.pkl is written only if it still reads as it did before, else
// all is done again. Several suffixes are read at once; whatever changes the device is done by the caller's
// thread, in the order of the suffixes. Throws OsError, LockTimeout.
pickle::Dict partition_hashes(const Partition& partition, DiskThreads& threads);

// Marks these suffixes as changed; names that are not three lower-case hex digits are ignored. Equals
// get_hashes with skip_rehash. Makes the partition if it is not there. Throws OsError, LockTimeout.
void invalidate_suffixes(const Partition& partition, const std::vector<std::string>& suffixes);

}  // namespace ssync
