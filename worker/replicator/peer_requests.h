// Short requests to other nodes' object servers: REPLICATE and HEAD.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "common/config/storage_policy.h"
#include "common/ring/ring_device.h"
#include "worker/protocol/several_partitions.h"
#include "worker/sender/http_response.h"
#include "worker/sender/interruption.h"
#include "worker/sender/kept_connections.h"

namespace ssync {

class PassBoard;

struct PeerAnswer {
  HttpResponseHead head;
  std::string body;

  // Whether the answer, to a request with several_partitions_header(), is that of a receiver of ours.
  [[nodiscard]] bool is_from_ours() const { return head.find(kSeveralPartitionsAnswer) != nullptr; }
};

struct PeerLimits {
  std::chrono::steady_clock::duration connect;  // conn_timeout
  std::chrono::steady_clock::duration answer;   // http_timeout: from the request to the end of its answer
  // How long a device is asked again that has no room for a request just now.
  std::chrono::steady_clock::duration patience = std::chrono::seconds(5);
};

// Thread-safe.
class PeerRequests {
 public:
  // Takes connections of these, and keeps them there. They, interruption and the board must outlive this
  // object. board: told which peers have no room; may be null.
  PeerRequests(const PeerLimits& limits, KeptConnections& connections, const Interruption& interruption,
               PassBoard* board = nullptr);

  // The answer to "METHOD /<device><path>" at the node's replication address, with these header lines (each
  // with its line end). A 503 is asked again for a while, with pauses: our receiver, and nginx, refuse at
  // once what is too much at a time, where Swift's server lets it wait. A device that has used up that
  // patience is asked only once for each request of the next minute, because it may hang. Throws
  // ConnectionLost, ReceiverRefused for what is not HTTP or longer than any answer of an object server,
  // Interrupted, OsError.
  PeerAnswer ask(const RingDevice& node, const StoragePolicy& policy, std::string_view method,
                 const std::string& path, std::string_view headers = {});

  // How long a request, or a session, has waited for room already.
  struct Patience {
    std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
    std::chrono::steady_clock::duration next_pause = std::chrono::milliseconds(20);
  };
  // Pauses before a device is asked again that had no room. False if it is to be asked no more. Throws
  // Interrupted.
  bool wait_for_room(const RingDevice& node, Patience& patience);

 private:
  using Clock = std::chrono::steady_clock;
  class Connection;

  PeerAnswer ask_once(const std::string& peer, const RingDevice& node, const std::string& request,
                      bool has_body);

  PeerLimits limits_;
  KeptConnections& connections_;
  const Interruption& interruption_;
  PassBoard* board_;
  std::string user_agent_;
  std::mutex mutex_;
  std::map<std::string, Clock::time_point> busy_until_;  // devices that have used up our patience
};

// "ip:port/device" of a node's replication address, as in Swift's log lines (node_to_string).
std::string node_text(const RingDevice& node);

}  // namespace ssync
