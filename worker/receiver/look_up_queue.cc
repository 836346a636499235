#include "worker/receiver/look_up_queue.h"

#include <fcntl.h>

#include <cstddef>
#include <set>
#include <utility>

#include "common/os/fd.h"
#include "common/os/look_side_by_side.h"

namespace ssync {
namespace {

constexpr std::size_t kOffers = 1024;

}  // namespace

LookUpQueue::LookUpQueue(const Partition& partition, std::optional<std::int64_t> fragment_index,
                         DiskThreads& threads, Answer answer)
    : partition_(partition), fragment_index_(fragment_index), threads_(threads), answer_(std::move(answer)) {}

void LookUpQueue::add(const Offer& offer) {
  offers_.push_back(offer);
  if (offers_.size() == kOffers) finish();
}

void LookUpQueue::finish() {
  const std::vector<Offer> offers = std::exchange(offers_, {});
  if (offers.empty()) return;
  // Opened each time, because it may have been replaced.
  const Fd directory = open_file(partition_.path(), O_RDONLY | O_DIRECTORY);
  // An object that is offered twice may have changed before the second time.
  std::set<ObjectHash> changed;
  look_side_by_side(
      threads_, offers,
      [&](const Offer& offer) { return peek(partition_, directory.get(), offer, fragment_index_); },
      [&](const Offer& offer, const std::optional<LocalObject>& found) {
        if (found && !changed.contains(offer.hash)) {
          answer_(offer, *found);
          return;
        }
        changed.insert(offer.hash);
        answer_(offer, look_up(partition_, offer, fragment_index_));
      });
}

}  // namespace ssync
