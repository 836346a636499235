// REPLICATE requests to receivers of ours, several partitions of a device in one.
#pragma once

#include <chrono>
#include <condition_variable>
#include <exception>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "common/config/storage_policy.h"
#include "common/ring/ring_device.h"
#include "worker/replicator/peer_requests.h"

namespace ssync {

// Where nothing differs a request costs both sides more than its answer. So a job that wants a partition's
// hashes while another one asks the same device waits for that, and then asks for those of all who wait. The
// answer to the first request says whether a receiver can do that (worker/protocol.md, "Several partitions");
// of others each partition is asked for by itself, at once. Thread-safe.
class HashRequests {
 public:
  // patience: how long a job waits for another one's request before it sends its own. peers must outlive this
  // object.
  explicit HashRequests(PeerRequests& peers,
                        std::chrono::steady_clock::duration patience = std::chrono::milliseconds(20))
      : peers_(peers), patience_(patience) {}

  // The answer to REPLICATE of this partition, as that of a request of its own. Throws as
  // PeerRequests::ask().
  PeerAnswer ask(const RingDevice& node, const StoragePolicy& policy, const std::string& partition);

 private:
  struct Waiting {
    std::string partition;
    bool is_asked_for = false;  // by another job's request, which is under way
    bool is_over = false;       // that request; or it is this job's turn to ask
    std::optional<PeerAnswer> answer = {};
    std::exception_ptr failure = {};
    std::condition_variable changed = {};
  };
  struct Device {
    bool answers_several = false;
    bool is_asked = false;
    std::list<Waiting*> waiting;
  };

  PeerAnswer ask_for(const RingDevice& node, const StoragePolicy& policy, const std::string& partition,
                     const std::vector<Waiting*>& others);
  PeerAnswer lead(std::unique_lock<std::mutex>& lock, Device& device, const RingDevice& node,
                  const StoragePolicy& policy, const std::string& partition);

  PeerRequests& peers_;
  std::chrono::steady_clock::duration patience_;
  std::mutex mutex_;
  std::map<std::string, Device> devices_;  // of a policy
};

}  // namespace ssync
