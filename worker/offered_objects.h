// What a sender has offered in its session, and what the receiver wants of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "common/object_hash.h"

namespace ssync {

struct WantedParts {
  bool data = false;
  bool meta = false;
  [[nodiscard]] bool any() const noexcept { return data || meta; }
};

struct WantedLine {
  std::string_view object_hash;
  WantedParts parts;
};

// Reads "<hash>[ <parts>]", a line of the receiver's answer that is not empty: `d`, `m`, `dm`; without either
// letter the data is wanted (ssync_sender.decode_wanted). Further words are ignored.
WantedLine parse_wanted(std::string_view line);

// Takes 25 to 40 bytes an object, and none for what the receiver says.
class OfferedObjects {
 public:
  // Numbers are given in this order, from 0. Throws std::length_error beyond 2^31 objects.
  void add(const ObjectHash& hash);
  // The object's number; nullopt if it was not offered.
  [[nodiscard]] std::optional<std::size_t> find(const ObjectHash& hash) const;

  // Wanting an object again adds to what is wanted of it.
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
