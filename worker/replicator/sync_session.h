// One ssync session of a job with one node.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/layout/partition.h"
#include "worker/protocol/offer.h"
#include "worker/protocol/wanted.h"
#include "worker/replicator/replication_job.h"
#include "worker/sender/receiver_connection.h"
#include "worker/sender/sender_session.h"

namespace ssync {

// What a session was about, whether or not it went well.
struct SyncResult {
  // The receiver has ended the session without an error: it has what it did not want, and has taken the rest.
  bool is_whole = false;
  std::vector<Offer> offered;
  std::vector<WantedParts> wanted;  // of each offered object
};

enum class SyncKind {
  send,          // what the receiver wants is sent
  only_compare,  // nothing is sent (Sender with remote_check_objs)
};

// Runs the session (swift.obj.replicator.ObjectReplicator.ssync): the objects of these suffixes, of which
// only those are offered that `is_offered` accepts; all if it is empty. An error is logged, as in Swift; only
// Interrupted is thrown.
SyncResult sync_with_node(const ReplicationJob& job, const Partition& partition, const RingDevice& node,
                          const std::vector<std::string>& suffixes, SyncKind kind,
                          const std::function<bool(const ObjectHash&)>& is_offered,
                          const ConnectionLimits& limits, const Interruption& interruption);

}  // namespace ssync
