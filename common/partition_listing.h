// The objects of a partition, one after the other, for whoever only looks.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "common/object_files.h"
#include "common/partition.h"

namespace ssync {

struct ListedObject {
  std::string hash;  // 32 lower-case hex digits
  ObjectFiles files;
};

// Yields what BaseDiskFileManager.yield_hashes does, but leaves what that cleans up or quarantines where it
// is: objects with data or a tombstone, that not older than reclaim_age. Suffixes and hashes are in order.
// Directories that are none of Swift's are passed over, and so is what vanishes while it is looked at.
class PartitionListing {
 public:
  // suffixes: those to look into; empty: all. now, in seconds, decides which tombstones are too old. Throws
  // OsError if the partition cannot be listed.
  PartitionListing(const Partition& partition, std::vector<std::string> suffixes, FragmentRequest request,
                   double now);

  // False at the end. Throws OsError for a directory that cannot be listed; the next call goes on after it.
  bool next(ListedObject& object);

  // About what share of the partition was listed, 0 to 1.
  [[nodiscard]] double share_listed() const noexcept {
    return static_cast<double>(suffix_) / static_cast<double>(std::max<std::size_t>(suffixes_.size(), 1));
  }

 private:
  void list_suffix(const std::string& suffix);

  const Partition& partition_;
  std::vector<std::string> suffixes_;
  FragmentRequest request_;
  double now_;
  std::size_t suffix_ = 0;           // the next one to look into
  std::vector<std::string> hashes_;  // of the present one, those to come last in order
};

}  // namespace ssync
