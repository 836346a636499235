// Which partition is next.
#pragma once

#include <vector>

#include "worker/replicator/priority_list.h"
#include "worker/replicator/waiting_partition.h"

namespace ssync {

// Puts those first that waited longest for their last turn, so that a replicator that was stopped goes on
// where it was; in random order if they waited alike, so that no node is asked by all others for the same at
// the same time; and lets each device take its turn, so that none waits for another. Swift's order is random.
void put_in_order(std::vector<WaitingPartition>& partitions);

// Moves what is in the list to the front, and with handoffs_first all handoffs before it, without changing
// the order otherwise.
void put_first(std::vector<WaitingPartition>::iterator begin, std::vector<WaitingPartition>::iterator end,
               const PriorityList& priority, bool handoffs_first);

}  // namespace ssync
