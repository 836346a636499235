// Reads from a disk in parallel, and applies the results one after the other.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

#include "common/os/disk_threads.h"

namespace ssync {

// Calls look(item) for all items, in several threads unless all is in memory, because disks are slow and
// processors idle; then apply(item, result of look) for each, in the caller's thread and in the order of the
// items. Changes to the device belong in apply: an error there leaves the same state as if the items had been
// processed one by one. look must not throw; apply may.
template <typename Item, typename Look, typename Apply>
void look_side_by_side(DiskThreads& threads, const std::vector<Item>& items, const Look& look,
                       const Apply& apply) {
  std::vector<std::invoke_result_t<Look, const Item&>> found(items.size());
  TaskPace pace = TaskPace::quick;
  threads.for_each(
      items.size(), [&](std::size_t index) { found[index] = look(items[index]); }, kReadsAtOnce, pace);
  for (std::size_t i = 0; i < items.size(); ++i) apply(items[i], std::move(found[i]));
}

}  // namespace ssync
