// hashes.pkl: the stored hashes of a partition's suffixes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "common/python/pickle.h"

namespace ssync {

// The contents of a partition's hashes.pkl: suffixes, and the keys 'valid' (bool) and 'updated' (seconds).
class HashesFile {
 public:
  // Reads hashes.pkl. {'valid': False} if there is no file, not a dictionary, or a key that is not a suffix
  // (swift.obj.diskfile.read_hashes).
  static HashesFile read(const std::string& partition_dir);

  // No suffixes, but valid: the start of a full rehash.
  static HashesFile empty();

  [[nodiscard]] bool is_valid() const;
  [[nodiscard]] const pickle::Dict& items() const noexcept { return items_; }
  // Only the suffixes.
  [[nodiscard]] pickle::Dict suffixes() const;
  // Replaces or appends.
  void set(std::string_view suffix, pickle::Value hash);
  // Appends the suffix with None if it is missing.
  void add(std::string_view suffix);
  void erase(const std::unordered_set<std::string>& suffixes);

  // Sets 'updated' to the current time and durably replaces hashes.pkl (write_hashes). The caller holds the
  // partition's lock. Throws OsError.
  void write(const std::string& partition_dir);

  // Equal in every key and value, in any order, as Python compares dictionaries.
  friend bool operator==(const HashesFile& a, const HashesFile& b);

 private:
  void adopt(pickle::Dict items);
  [[nodiscard]] const pickle::Value* find(std::string_view key) const;

  pickle::Dict items_;                                   // keys are Text
  std::unordered_map<std::string, std::size_t> places_;  // index of each key in items_
};

// True for three lower-case hex digits.
bool is_suffix(std::string_view name);

// Merges hashes.invalid into hashes.pkl and empties it, under the partition's lock, and returns the result
// (swift.obj.diskfile.consolidate_hashes; lines that are not suffixes are ignored, as in Swift 2.33 and
// later). Throws OsError, LockTimeout.
HashesFile consolidate_hashes(const std::string& partition_dir);

}  // namespace ssync
