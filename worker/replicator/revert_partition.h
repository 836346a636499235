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
JobResult revert_partition(const ReplicationJob& job, const Services& services, DiskThreads& threads);

}  // namespace ssync
