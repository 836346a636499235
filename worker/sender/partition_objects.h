// Sends the objects of a partition on disk.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "common/layout/partition.h"
#include "common/store/disk_file.h"
#include "common/store/partition_listing.h"
#include "worker/sender/object_source.h"

namespace ssync {

// Does not change the device. A damaged or unreadable object is logged and counted as failed each time it is
// read. An object that was replaced after the offer is sent in its current state; one that is gone counts as
// skipped.
class PartitionObjects final : public ObjectSource {
 public:
  // suffixes: the suffixes to offer; empty: all. Throws OsError if the partition cannot be listed.
  PartitionObjects(const Partition& partition, std::vector<std::string> suffixes,
                   const FragmentRequest& request);

  bool next(Offer& offer, UpdateCounts& counts) override;
  [[nodiscard]] double share_offered() const override { return listing_.share_listed(); }
  void send(std::size_t number, const ObjectHash& hash, WantedParts wanted, UpdateOutput& output) override;

 private:
  struct Opened;

  [[nodiscard]] Opened open(const std::string& hash_dir) const;
  void send_object(const std::string& hash_dir, WantedParts wanted, UpdateOutput& output) const;
  void send_put(DiskFile& file, UpdateOutput& output) const;
  static void send_post(const DiskFile& file, UpdateOutput& output);
  static void send_delete(const DiskFile& file, UpdateOutput& output);

  const Partition& partition_;
  FragmentRequest request_;
  PartitionListing listing_;
  ListedObject listed_;
};

}  // namespace ssync
