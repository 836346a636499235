// Connections to receivers that stay open between one request and the next.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "worker/sender/http_response.h"
#include "worker/sender/polled_socket.h"

namespace ssync {

// Thread-safe.
class KeptConnections {
 public:
  struct Taken {
    PolledSocket socket;
    bool is_ours;
  };
  // One to peer ("HOST:PORT") over which the next request can be sent, no longer kept. nullopt if there is
  // none. It may be closed by the peer at any time, also before it reads the request.
  std::optional<Taken> take(const std::string& peer);

  // is_ours: its last answer said that the receiver is one of ours. answer is what reads the last answer on
  // it, of whose end a part may still be on its way.
  void keep(const std::string& peer, PolledSocket socket, HttpBodyDecoder answer, bool is_ours = false);

 private:
  struct Kept {
    PolledSocket socket;
    HttpBodyDecoder answer;
    bool is_ours;
  };
  enum class State { idle, busy, lost };

  static State state_of(Kept& kept);

  std::mutex mutex_;
  std::map<std::string, std::deque<Kept>> kept_;
};

}  // namespace ssync
