// Lists the objects of a partition without changing it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "common/layout/object_files.h"
#include "common/layout/partition.h"

namespace ssync {

struct ListedObject {
  std::string hash;  // 32 lower-case hex digits
  ObjectFiles files;
};

// Yields the same objects as BaseDiskFileManager.yield_hashes, but without its clean-up and quarantine: those
// with data, or with a tombstone not older than reclaim_age. Suffixes and hashes are in order. Directories
// that are not Swift's are skipped, and so are files that vanish meanwhile.
class PartitionListing {
 public:
  // suffixes: those to list; empty: all. now, in seconds, decides which tombstones are too old. Throws
  // OsError if the partition cannot be listed.
  PartitionListing(const Partition& partition, std::vector<std::string> suffixes, FragmentRequest request,
                   double now);

  // False at the end. Throws OsError for a directory that cannot be listed; the next call continues after it.
  bool next(ListedObject& object);

  // The approximate share of the partition listed so far, 0 to 1.
  [[nodiscard]] double share_listed() const noexcept {
    return static_cast<double>(suffix_) / static_cast<double>(std::max<std::size_t>(suffixes_.size(), 1));
  }

 private:
  void list_suffix(const std::string& suffix);

  const Partition& partition_;
  std::vector<std::string> suffixes_;
  FragmentRequest request_;
  double now_;
  std::size_t suffix_ = 0;           // index of the next suffix
  std::vector<std::string> hashes_;  // remaining hashes of the current suffix, in reverse order
};

}  // namespace ssync
