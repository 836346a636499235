// Brings a partition's other primaries up to date.
#pragma once

#include "common/os/disk_threads.h"
#include "worker/replicator/job_result.h"
#include "worker/replicator/replication_job.h"
#include "worker/replicator/services.h"

namespace ssync {

// Compares suffix hashes with each other primary, in random order, and sends the suffixes that differ
// (swift.obj.replicator.ObjectReplicator.update). A node without its device is replaced by a handoff, as long
// as handoff_delete wants more copies; only one node of each other region is sent to in a pass. Removes
// nothing. list_directory: look for suffixes that hashes.pkl does not have. Failures are logged and counted;
// only Interrupted is thrown. on_board: the job's line.
JobResult update_partition(const ReplicationJob& job, const Services& services, DiskThreads& threads,
                           bool list_directory, BoardJob& on_board);

}  // namespace ssync
