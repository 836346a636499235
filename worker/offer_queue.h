// Looking offered objects up, several at a time, with the outcome of one after the other.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "common/disk_threads.h"
#include "common/partition.h"
#include "worker/missing_check.h"

namespace ssync {

// Reading alone is done by several threads, for disks that have to be waited for and for processors that are
// idle. Whatever changes the device is done by the caller's, in the order of the offers, so that an error
// leaves what it would leave if each offer had been looked up when it came.
class OfferQueue {
 public:
  using Answer = std::function<void(const Offer&, const LocalObject&)>;

  // answer is called for each offer, in order.
  OfferQueue(const Partition& partition, std::optional<std::int64_t> fragment_index, DiskThreads& threads,
             Answer answer);

  // Looks up what has been added when it is much. Throws as look_up(), and as answer does; the offers that
  // came after are forgotten.
  void add(Offer offer);
  // Looks up the rest. Throws likewise.
  void finish();

 private:
  const Partition& partition_;
  std::optional<std::int64_t> fragment_index_;
  DiskThreads& threads_;
  Answer answer_;
  std::vector<Offer> offers_;
};

}  // namespace ssync
