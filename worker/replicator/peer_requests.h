// Short requests to other nodes' object servers: REPLICATE and HEAD.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/storage_policy.h"
#include "common/ring/ring_device.h"
#include "worker/sender/http_response.h"
#include "worker/sender/interruption.h"

namespace ssync {

struct PeerAnswer {
  HttpResponseHead head;
  std::string body;
};

struct PeerLimits {
  std::chrono::steady_clock::duration connect;  // conn_timeout
  std::chrono::steady_clock::duration answer;   // http_timeout: from the request to the end of its answer
};

// Keeps connections open between requests. Thread-safe.
class PeerRequests {
 public:
  // interruption must outlive this object.
  PeerRequests(const PeerLimits& limits, const Interruption& interruption);
  ~PeerRequests();
  PeerRequests(const PeerRequests&) = delete;
  PeerRequests& operator=(const PeerRequests&) = delete;

  // The answer to "METHOD /<device><path>" at the node's replication address, with these header lines (each
  // with its line end). Throws ConnectionLost, ReceiverRefused for what is not HTTP or longer than any answer
  // of an object server, Interrupted, OsError.
  PeerAnswer ask(const RingDevice& node, const StoragePolicy& policy, std::string_view method,
                 const std::string& path, std::string_view headers = {});

 private:
  class Connection;

  std::unique_ptr<Connection> idle_connection(const std::string& peer);
  void keep(const std::string& peer, std::unique_ptr<Connection> connection);

  PeerLimits limits_;
  const Interruption& interruption_;
  std::string user_agent_;
  std::mutex mutex_;
  std::map<std::string, std::vector<std::unique_ptr<Connection>>> idle_;
};

// "ip:port/device" of a node's replication address, as in Swift's log lines (node_to_string).
std::string node_text(const RingDevice& node);

}  // namespace ssync
