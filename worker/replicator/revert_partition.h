// Gives a handoff partition back to its primaries.
#pragma once

#include "common/os/disk_threads.h"
#include "worker/replicator/job_result.h"
#include "worker/replicator/replication_job.h"
#include "worker/replicator/services.h"

namespace ssync {

// Sends the whole partition to all of its primaries, side by side, and removes what enough of them have then
// confirmed (swift.obj.replicator.ObjectReplicator.revert; what is removed: removal.h and confirmation.h,
// which are stricter). Holds the partition's lock against sessions that come in meanwhile; a partition that
// is locked is left for the next pass. Failures are logged and counted; only Interrupted is thrown.
//
// If the ring's file is another one than the pass began with, nothing is sent any more, and of what was sent
// nothing is removed, whoever has confirmed it: the next pass asks the primaries of the new ring. (Swift's
// goes on with the old one's.) So what was removed is on as many devices as are required, which were its
// primaries by the ring that this node had at the moment of the removal. If that ring was replaced only then,
// or other nodes have a newer one, they are handoffs for some of them, which keep it until its primaries have
// it. A file that is no ring counts as a new one until the next pass, which then goes on with the ring before
// (WatchedRing).
JobResult revert_partition(const ReplicationJob& job, const Services& services, DiskThreads& threads,
                           BoardJob& on_board);

}  // namespace ssync
