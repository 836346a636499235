// What all jobs of a pass use.
#pragma once

#include "common/config/replicator_settings.h"
#include "common/config/swift_conf.h"
#include "common/layout/partition.h"
#include "common/statsd/statsd_client.h"
#include "worker/replicator/bandwidth_limits.h"
#include "worker/replicator/hash_requests.h"
#include "worker/replicator/pass_board.h"
#include "worker/replicator/peer_requests.h"
#include "worker/replicator/replication_job.h"
#include "worker/replicator/transfer_gate.h"
#include "worker/sender/interruption.h"
#include "worker/sender/receiver_connection.h"

namespace ssync {

// All of it is thread-safe.
struct Services {
  const ReplicatorSettings& settings;
  const SwiftConf& conf;
  KeptConnections& connections;
  PeerRequests& peers;
  HashRequests& hash_requests;
  TransferGate& gate;
  StatsdClient& statsd;
  const Interruption& interruption;
  ConnectionLimits session_limits;  // without those of bandwidth
  BandwidthLimits& bandwidth;
  PassBoard& board;
};

// Of a session of a job with this node.
inline ConnectionLimits limits_of_session(const ReplicationJob& job, const RingDevice& node,
                                          const Services& services) {
  ConnectionLimits limits = services.session_limits;
  limits.bandwidth = services.bandwidth.of_session(job.device, node_text(node));
  return limits;
}

// The partition of a job, on this node. It refers to the job and the settings.
inline Partition partition_of(const ReplicationJob& job, const Services& services) {
  return {.settings = services.settings.disk,
          .conf = services.conf,
          .policy = *job.policy,
          .device_path = job.device_path,
          .name = job.partition};
}

}  // namespace ssync
