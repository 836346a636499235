// Looks up offered objects, several in parallel, with the same outcome as one after the other.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "common/layout/partition.h"
#include "common/os/disk_threads.h"
#include "worker/receiver/local_object.h"

namespace ssync {

// Several threads read, because disks are slow and processors idle. The caller's thread makes all changes to
// the device, in the order of the offers, so that an error leaves the same state as if each offer had been
// looked up on arrival.
class LookUpQueue {
 public:
  using Answer = std::function<void(const Offer&, const LocalObject&)>;

  // answer is called for each offer, in order.
  LookUpQueue(const Partition& partition, std::optional<std::int64_t> fragment_index, DiskThreads& threads,
              Answer answer);

  // Looks up the queued offers when there are many. Throws the exceptions of look_up() and answer; the later
  // offers are then dropped.
  void add(const Offer& offer);
  // Looks up the rest. Throws as add().
  void finish();

 private:
  const Partition& partition_;
  std::optional<std::int64_t> fragment_index_;
  DiskThreads& threads_;
  Answer answer_;
  std::vector<Offer> offers_;
};

}  // namespace ssync
