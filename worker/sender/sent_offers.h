// The objects that a sender has offered in its session, and the parts that the receiver wants.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/layout/object_hash.h"
#include "worker/protocol/wanted.h"

namespace ssync {

// Takes 25 to 40 bytes per object, and no more for the wanted parts.
class SentOffers {
 public:
  // Adds an object. Objects are numbered in this order, from 0. Throws std::length_error beyond 2^31 objects.
  void add(const ObjectHash& hash);
  // The object's number; nullopt if it was not offered.
  [[nodiscard]] std::optional<std::size_t> find(const ObjectHash& hash) const;

  // Adds to the wanted parts of the object.
  void want(std::size_t number, WantedParts parts);
  [[nodiscard]] WantedParts wanted(std::size_t number) const;

  [[nodiscard]] std::size_t size() const noexcept { return hashes_.size(); }
  [[nodiscard]] std::size_t wanted_count() const noexcept { return wanted_count_; }
  [[nodiscard]] const ObjectHash& hash(std::size_t number) const { return hashes_[number]; }

 private:
  void insert(std::uint32_t number);
  [[nodiscard]] std::size_t first_slot(const ObjectHash& hash) const;

  std::vector<ObjectHash> hashes_;
  std::vector<std::uint8_t> wanted_;
  std::size_t wanted_count_ = 0;
  // A hash table with open addressing, at most half full: numbers plus one, 0 for an empty slot.
  std::vector<std::uint32_t> slots_;
};

}  // namespace ssync
