// Commands of an operator to the pool, over a unix socket that only root and the pool's user may use.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include "common/os/fd.h"
#include "worker/pool/board.h"
#include "worker/pool/listening_socket.h"

namespace ssync {

// What is asked, and told to processes.
struct ControlActions {
  std::function<std::string()> status;  // the status as JSON
  // Tells a worker to end its session, as SIGTERM does. False if there is no such process.
  std::function<bool(pid_t worker)> end_worker;
};

// The answer to one command, both a JSON object on a line: {"command": "status" | "limit" | "drain" |
// "resume" | "end", …} (deploy/status.md). An answer has "ok", and if that is false "error" in words. Throws
// nothing.
std::string answer_command(std::string_view command, const Board& board, const ControlActions& actions);

// Listens until it is destroyed, in a thread. One client at a time, each of which gets a few seconds.
class ControlServer {
 public:
  // Throws ConfigError if there can be no socket at this path.
  ControlServer(const std::string& path, const Board& board, ControlActions actions);
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

 private:
  void run();
  void serve(int connection);

  const Board& board_;
  ControlActions actions_;
  ListeningSocket socket_;
  std::atomic<bool> ends_ = false;
  std::thread thread_;
};

}  // namespace ssync
