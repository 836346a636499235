// Publishes one staged file immediately, as Swift does: sync the data, invalidate the suffix, link the file,
// sync the names, remove obsolete files.
//
// After a crash between the link and the end, the object is complete, but its name may be lost or be that of
// a fragment that is not durable; its suffix is already invalidated (after a crash of the machine only if
// sync_invalidations() was called). After publish(), the object is there.
#pragma once

#include <optional>

#include "common/layout/object_files.h"
#include "common/layout/partition_power.h"
#include "common/store/staged_file.h"

namespace ssync {

// A fragment is linked under its non-durable name and then renamed if it is to be durable; obsolete files
// stay until then. One that is to stay undecided (X-Backend-No-Commit) is not renamed, and nothing is cleaned
// up. During an increase of the ring's partition power the file is also linked in its partition at the next
// power; if it is already there, its partition at the previous power is cleaned up too. A link that cannot be
// made there is only logged, as one that is missing when it should get its durable name. Throws OsError,
// LockTimeout, InsufficientStorage, as clean_up_around(), and, after the file is in place, ValueError for an
// invalid increase.
void publish(StagedFile& file, Durability durability = Durability::durable,
             const std::optional<PowerIncrease>& increase = std::nullopt);

}  // namespace ssync
