// What is here, at the end of a session, of the objects that were offered in it.
#pragma once

#include <cstddef>
#include <vector>

#include "common/layout/object_hash.h"
#include "common/layout/partition.h"
#include "common/os/disk_threads.h"
#include "worker/request/streams.h"

namespace ssync {

// The most objects of a session that are kept in mind: 16 MiB. Of later ones nothing is said.
inline constexpr std::size_t kMostOfferedObjects = std::size_t{1} << 20;

class OfferedObjects {
 public:
  // Remembered only for a session that is asked what is here at its end.
  void add(const ObjectHash& hash, bool remember) {
    ++count_;
    if (remember && hashes_.size() < kMostOfferedObjects) hashes_.push_back(hash);
  }
  void add_wanted() noexcept { ++wanted_; }
  [[nodiscard]] std::int64_t count() const noexcept { return count_; }
  [[nodiscard]] std::int64_t wanted() const noexcept { return wanted_; }

  // Looks at each object's files as they are now, changes none, and writes a line (worker/protocol/held.h)
  // about each that is whole or deleted. Of an object that is not there, or would have to be cleaned up, made
  // durable or quarantined first, nothing is said: the sender has to ask otherwise. Throws the exceptions of
  // output.
  void write_held(const Partition& partition, DiskThreads& threads, ResponseOutput& output) const;

 private:
  std::int64_t count_ = 0;
  std::int64_t wanted_ = 0;
  std::vector<ObjectHash> hashes_;
};

}  // namespace ssync
