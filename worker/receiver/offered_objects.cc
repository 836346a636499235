#include "worker/receiver/offered_objects.h"

#include <fcntl.h>

#include <algorithm>
#include <optional>
#include <string>

#include "common/os/fd.h"
#include "common/os/look_side_by_side.h"
#include "worker/protocol/held.h"
#include "worker/protocol/offer.h"
#include "worker/receiver/local_object.h"

namespace ssync {
namespace {

// Looked at before their lines are written, so that the sender is not left without a word for long.
constexpr std::size_t kAtOnce = 1024;

}  // namespace

void OfferedObjects::write_held(const Partition& partition, DiskThreads& threads,
                                ResponseOutput& output) const {
  const Fd directory = open_file(partition.path(), O_RDONLY | O_DIRECTORY);
  for (std::size_t begin = 0; begin < hashes_.size(); begin += kAtOnce) {
    const std::size_t end = std::min(begin + kAtOnce, hashes_.size());
    const std::vector<ObjectHash> hashes(hashes_.begin() + static_cast<std::ptrdiff_t>(begin),
                                         hashes_.begin() + static_cast<std::ptrdiff_t>(end));
    std::string lines;
    look_side_by_side(
        threads, hashes,
        [&](const ObjectHash& hash) {
          return peek(partition, directory.get(), Offer::of(hash, {}), std::nullopt);
        },
        [&](const ObjectHash& hash, const std::optional<LocalObject>& found) {
          if (!found || !found->data) return;
          append_held({.hash = hash,
                       .is_deleted = !found->meta,
                       .data = *found->data,
                       .meta = found->meta.value_or(*found->data)},
                      lines);
        });
    output.write(lines);
    // The last ones leave with what follows.
    if (end < hashes_.size()) output.flush();
  }
}

}  // namespace ssync
