// Making a fragment of an erasure-coding policy durable: its file gets the name that says so.
#pragma once

#include <string>

#include "common/partition.h"
#include "common/timestamp.h"

namespace ssync {

// One fragment archive in a hash directory.
struct Fragment {
  std::string hash_dir;
  Timestamp timestamp;
  int index = 0;
};

enum class CommitOutcome {
  durable,
  superseded,  // the file is gone, and what is there instead is durable at this time or newer
};

// Renames "<time>#<index>.data" to "<time>#<index>#d.data"; the caller syncs the hash directory. Throws
// OsError (ENOENT when nothing that is there supersedes it), InsufficientStorage.
CommitOutcome rename_to_durable(const Partition& partition, const Fragment& fragment);

// The same, with the name durable on disk and the hash directory cleaned up (ECDiskFileWriter.commit). Throws
// as rename_to_durable; a new name that cannot be synced is taken back.
CommitOutcome commit_fragment(const Partition& partition, const Fragment& fragment);

}  // namespace ssync
