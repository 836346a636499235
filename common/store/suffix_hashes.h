// The hashes of a partition's suffixes, which replicators compare to find differences.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "common/layout/object_files.h"
#include "common/layout/partition.h"
#include "common/os/disk_threads.h"
#include "common/python/pickle.h"

namespace ssync {

struct HashRequest {
  std::vector<std::string> recalculate = {};  // suffixes whose stored hash is not to be trusted
  // Look for suffixes that hashes.pkl does not have; it is written only if there are any (do_listdir, with
  // which Swift always writes it).
  bool list_directory = false;
};

struct PartitionHashes {
  pickle::Dict suffixes;
  std::size_t hashed = 0;  // suffixes that were read
};

// The hash of each suffix, as a dictionary of text to 32 hex digits (or None if hashing failed), in the order
// of hashes.pkl; for an erasure-coding policy to a dictionary of fragment index or None to 32 hex digits.
// Empty if the partition does not exist; it is not created.
//
// Equals BaseDiskFileManager._get_hashes. Invalidations are first merged into hashes.pkl; a
// valid hashes.pkl is trusted except for values of None; suffixes without a hash are hashed, with clean-up
// and quarantine; and hashes.pkl is written only if it has not changed meanwhile, else all is repeated.
// Suffixes are read in parallel; the caller's thread makes all changes to the device, in the order of the
// suffixes. Throws OsError, LockTimeout.
PartitionHashes hash_partition(const Partition& partition, DiskThreads& threads, const HashRequest& request);
// The same without a request (BaseDiskFileManager.get_hashes without suffixes).
pickle::Dict partition_hashes(const Partition& partition, DiskThreads& threads);

// The hash, in hex digits, of a suffix that consists of these objects of a replication policy, in the order
// of their hashes (DiskFileManager._hash_suffix).
std::string suffix_hash_of(std::span<const ObjectFiles> objects);

// Marks these suffixes as changed; names that are not three lower-case hex digits are ignored. Equals
// get_hashes with skip_rehash. Creates the partition if it does not exist. Throws OsError, LockTimeout.
void invalidate_suffixes(const Partition& partition, const std::vector<std::string>& suffixes);

}  // namespace ssync
