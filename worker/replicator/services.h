// What all jobs of a pass use.
#pragma once

#include "common/config/replicator_settings.h"
#include "common/config/swift_conf.h"
#include "worker/replicator/peer_requests.h"
#include "worker/replicator/transfer_gate.h"
#include "worker/sender/interruption.h"
#include "worker/sender/receiver_connection.h"

namespace ssync {

// All of it is thread-safe.
struct Services {
  const ReplicatorSettings& settings;
  const SwiftConf& conf;
  PeerRequests& peers;
  TransferGate& gate;
  const Interruption& interruption;
  ConnectionLimits session_limits;
};

}  // namespace ssync
