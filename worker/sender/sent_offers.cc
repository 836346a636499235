#include "worker/sender/sent_offers.h"

#include <cstring>
#include <stdexcept>

namespace ssync {
namespace {

constexpr std::size_t kMostObjects = std::size_t{1} << 31U;
constexpr std::size_t kFirstSlots = 1024;
constexpr std::uint8_t kData = 1;
constexpr std::uint8_t kMeta = 2;

}  // namespace

void SentOffers::add(const ObjectHash& hash) {
  if (hashes_.size() == kMostObjects) throw std::length_error("more objects than a session can offer");
  hashes_.push_back(hash);
  wanted_.push_back(0);
  if (2 * hashes_.size() > slots_.size()) {
    const std::size_t size = slots_.empty() ? kFirstSlots : 2 * slots_.size();
    slots_ = {};
    slots_.resize(size);
    for (std::uint32_t number = 0; number + 1 < hashes_.size(); ++number) insert(number);
  }
  insert(static_cast<std::uint32_t>(hashes_.size() - 1));
}

// The bits of an MD5 are already well distributed.
std::size_t SentOffers::first_slot(const ObjectHash& hash) const {
  std::size_t bits = 0;
  std::memcpy(&bits, hash.data(), sizeof(bits));
  return bits & (slots_.size() - 1);
}

void SentOffers::insert(std::uint32_t number) {
  std::size_t slot = first_slot(hashes_[number]);
  while (slots_[slot] != 0) slot = (slot + 1) & (slots_.size() - 1);
  slots_[slot] = number + 1;
}

std::optional<std::size_t> SentOffers::find(const ObjectHash& hash) const {
  if (slots_.empty()) return std::nullopt;
  for (std::size_t slot = first_slot(hash); slots_[slot] != 0; slot = (slot + 1) & (slots_.size() - 1)) {
    const std::size_t number = slots_[slot] - 1;
    if (hashes_[number] == hash) return number;
  }
  return std::nullopt;
}

void SentOffers::want(std::size_t number, WantedParts parts) {
  std::uint8_t& wanted = wanted_[number];
  if (wanted == 0 && parts.any()) ++wanted_count_;
  if (parts.data) wanted |= kData;
  if (parts.meta) wanted |= kMeta;
}

WantedParts SentOffers::wanted(std::size_t number) const {
  return {(wanted_[number] & kData) != 0, (wanted_[number] & kMeta) != 0};
}

}  // namespace ssync
