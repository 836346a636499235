// Removing what a handoff partition need not keep any longer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/layout/partition.h"
#include "worker/replicator/handoff_contents.h"

namespace ssync {

enum class Keeping {
  not_needed,    // it may be removed
  unconfirmed,   // too few primaries have it
  not_sendable,  // files of no object, which no session can carry: metadata without data, others' files
};

// The one place where it is decided that a copy of an object is given up. `confirmed` primaries have said
// after a whole session that they have this object as it is here, or newer (confirmation.h); `required` are
// needed: all primaries, or with handoff_delete as many as that (and no more than there are).
//
// - With no primary required, as of a partition that the ring does not have, nothing is removed. Swift's
//   replicator removes such a partition with all that is in it.
// - Data and tombstones are removed if enough primaries have confirmed them. A tombstone older than
//   reclaim_age is not offered in sessions and is removed as everywhere.
// - What no session can carry is kept: a .meta without its data may be all that is left of an acknowledged
//   POST, until it is past reclaim_age; files that are not Swift's are not ours to judge, also beside an
//   object that is removed.
//
// That the files have not changed since they were listed is checked when they are removed; that the primaries
// are still those of the ring, before (revert_partition.h).
Keeping reason_to_keep(const HandoffObject& object, std::size_t confirmed, std::size_t required, double now,
                       std::int64_t reclaim_age);

struct Removed {
  std::size_t objects = 0;
  std::size_t changed = 0;                 // not removed, because their files were not those that were listed
  std::vector<std::string> suffixes = {};  // of the objects
};

// Removes these objects' files, their hash directories, and suffix directories that are empty then; hashes
// of suffixes are invalidated before. Whoever hashes them in between finds objects that are gone then: so if
// the partition stays they have to be invalidated again (below). An object whose directory is not as it was
// listed is left alone. Throws OsError.
Removed remove_objects(const Partition& partition, const std::vector<const HandoffObject*>& objects);

// Removes the partition's directory with Swift's own files in it (hashes.pkl, hashes.invalid, locks) and
// empty suffix directories. False if anything else is in it, which then stays, and of which the hashes of
// these suffixes are invalidated. Throws OsError, LockTimeout.
bool remove_partition_if_empty(const Partition& partition,
                               const std::vector<std::string>& changed_suffixes = {});

}  // namespace ssync
