// Keeps what the node's ssync-replicator tells of itself, and asks it anew when somebody wants to know.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "worker/status/ask_replicators.h"
#include "worker/status/replicator_state.h"

namespace ssync {

// A thread of its own asks, since the directory of the sockets is on a disk, which may hang: then whoever
// wants to know gets what was told before. Thread-safe.
class ReplicatorWatch {
 public:
  using Ask = std::function<std::vector<ReplicatorAnswer>()>;

  // directory: recon_cache_path.
  explicit ReplicatorWatch(const std::string& directory);
  explicit ReplicatorWatch(Ask ask);
  // Does not wait for a disk that hangs: then the thread is left behind.
  ~ReplicatorWatch();
  ReplicatorWatch(const ReplicatorWatch&) = delete;
  ReplicatorWatch& operator=(const ReplicatorWatch&) = delete;

  // At most a second old, if that can be had within half a second; else what there is. Processes are asked no
  // more often than once a second, and not while nobody calls this.
  ReplicatorState look();

 private:
  struct Shared;
  static void run(const std::shared_ptr<Shared>& shared);

  std::shared_ptr<Shared> shared_;
};

}  // namespace ssync
