// What a handoff partition holds at one moment.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "common/layout/object_files.h"
#include "common/layout/object_hash.h"
#include "common/layout/partition.h"
#include "worker/protocol/offer.h"
#include "worker/replicator/remote_hashes.h"

namespace ssync {

// A hash directory.
struct HandoffObject {
  std::string suffix;
  ObjectHash hash{};
  std::vector<std::string> names;  // all of its files, in order
  ObjectFiles files;

  // True for data or a tombstone: what a session offers.
  [[nodiscard]] bool is_object() const { return files.data || files.tombstone; }
  // True if this is what was offered: then what the receiver said of it holds for these files.
  [[nodiscard]] bool is_as_in(const Offer& offer) const;
};

struct HandoffContents {
  SuffixHashes suffixes;               // by name, also those without a hash directory
  std::vector<HandoffObject> objects;  // by suffix, then by hash
  std::size_t not_directories = 0;     // other files in the place of hash directories
};

// Lists the partition, without changing it. Entries that are not Swift's are left out. Throws OsError if any
// directory cannot be listed: of a partition that cannot be read nothing may be removed.
HandoffContents list_handoff(const Partition& partition);

}  // namespace ssync
