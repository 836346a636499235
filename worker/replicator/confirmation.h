// Whether a primary really has what a session says it has.
#pragma once

#include <vector>

#include "common/layout/partition.h"
#include "worker/replicator/handoff_contents.h"
#include "worker/replicator/peer_requests.h"
#include "worker/replicator/replication_job.h"
#include "worker/replicator/sync_session.h"

namespace ssync {

// Of each of the contents' objects: whether this node has it, or something newer, by its own words. Asked is
// only about what was offered to it as it is in the contents, in a session that was whole (and not about a
// content type that it wanted in one that only compares), and
//
// - a receiver of ours tells at the end of the session what it then finds on its disk
// (worker/protocol/held.h);
//
// and about what is not confirmed or refuted by that
//
// - a suffix whose hash the node reports equal to the contents' (REPLICATE) is confirmed as a whole;
// - of other suffixes each object is asked for (HEAD), because the node may have newer ones beside it: data
//   and metadata at least as new, or a tombstone at least as new;
// - of a few objects only the latter: to hash a partition the node writes hashes.pkl twice.
//
// So a receiver that wants nothing although it has nothing, or takes updates and does not store them,
// confirms nothing. A failure to ask is logged and confirms nothing; only Interrupted is thrown. Swift's
// replicator believes the session alone.
std::vector<bool> confirmed_by(const RingDevice& node, const ReplicationJob& job, const Partition& partition,
                               const HandoffContents& contents, const SyncResult& session,
                               PeerRequests& peers);

}  // namespace ssync
