#include "worker/offer_queue.h"

#include <fcntl.h>

#include <cstddef>
#include <string>
#include <unordered_set>
#include <utility>

#include "common/fd.h"

namespace ssync {
namespace {

constexpr std::size_t kOffers = 1024;

}  // namespace

OfferQueue::OfferQueue(const Partition& partition, std::optional<std::int64_t> fragment_index,
                       DiskThreads& threads, Answer answer)
    : partition_(partition), fragment_index_(fragment_index), threads_(threads), answer_(std::move(answer)) {}

void OfferQueue::add(Offer offer) {
  offers_.push_back(std::move(offer));
  if (offers_.size() == kOffers) finish();
}

void OfferQueue::finish() {
  const std::vector<Offer> offers = std::exchange(offers_, {});
  if (offers.empty()) return;
  std::vector<std::optional<LocalObject>> found(offers.size());
  // Opened anew each time: it may have been replaced.
  const Fd directory = open_file(partition_.path(), O_RDONLY | O_DIRECTORY);
  threads_.for_each(
      offers.size(),
      [&](std::size_t index) {
        found[index] = peek(partition_, directory.get(), offers[index], fragment_index_);
      },
      kReadsAtOnce);
  // An object that is offered twice may be another one the second time.
  std::unordered_set<std::string> changed;
  for (std::size_t i = 0; i < offers.size(); ++i) {
    const Offer& offer = offers[i];
    if (found[i] && !changed.contains(offer.object_hash)) {
      answer_(offer, *found[i]);
      continue;
    }
    changed.insert(offer.object_hash);
    answer_(offer, look_up(partition_, offer, fragment_index_));
  }
}

}  // namespace ssync
