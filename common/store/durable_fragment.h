// Makes a fragment of an erasure-coding policy durable, by renaming its file.
#pragma once

#include <string>

#include "common/layout/partition.h"
#include "common/layout/timestamp.h"

namespace ssync {

// One fragment archive in a hash directory.
struct Fragment {
  std::string hash_dir;
  Timestamp timestamp;
  int index = 0;
};

enum class FragmentRename {
  durable,
  superseded,  // the file is gone; a durable fragment of this timestamp, or a newer file, has replaced it
};

// Renames "<time>#<index>.data" to "<time>#<index>#d.data"; the caller syncs the hash directory. Throws
// OsError (ENOENT if the file is gone and not superseded), InsufficientStorage.
FragmentRename rename_to_durable(const Partition& partition, const Fragment& fragment);

// The same; then syncs the new name and cleans up the hash directory (ECDiskFileWriter.commit). Throws as
// rename_to_durable; the rename is undone if the new name cannot be synced.
FragmentRename make_fragment_durable(const Partition& partition, const Fragment& fragment);

}  // namespace ssync
