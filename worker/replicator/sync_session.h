// One ssync session of a job with one node.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/layout/partition.h"
#include "worker/protocol/held.h"
#include "worker/protocol/offer.h"
#include "worker/protocol/wanted.h"
#include "worker/replicator/pass_board.h"
#include "worker/replicator/replication_job.h"
#include "worker/replicator/services.h"
#include "worker/sender/sender_session.h"

namespace ssync {

// What a session was about, whether or not it went well.
struct SyncResult {
  // The receiver has ended the session without an error: it has what it did not want, and has taken the rest.
  bool is_whole = false;
  bool is_only_compared = false;  // SyncKind::only_compare
  std::vector<Offer> offered;
  std::vector<WantedParts> wanted;  // of each offered object
  std::vector<HeldObject> held;     // what the receiver says that it has; empty if it is not ours
  bool tells_held = false;          // it was asked, and is ours
};

enum class SyncKind {
  send,          // what the receiver wants is sent
  only_compare,  // nothing is sent (Sender with remote_check_objs)
};

struct SyncWay {
  SyncKind kind = SyncKind::send;
  bool ask_held = false;                                   // the receiver is asked what it has at the end
  std::function<bool(const ObjectHash&)> is_offered = {};  // offers only these; all if it is empty
  BoardSession* on_board = nullptr;                        // told what it does; null: nobody looks
};

// Runs the session (swift.obj.replicator.ObjectReplicator.ssync) about the objects of these suffixes. An
// error is logged, as in Swift; only Interrupted is thrown. A node that has no room for a session just now is
// asked again for a while.
SyncResult sync_with_node(const ReplicationJob& job, const Partition& partition, const RingDevice& node,
                          const std::vector<std::string>& suffixes, const SyncWay& way,
                          const Services& services);

}  // namespace ssync
