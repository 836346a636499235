// The objects of a real partition, as a sender sends them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "common/disk_file.h"
#include "common/partition.h"
#include "common/partition_listing.h"
#include "worker/object_source.h"

namespace ssync {

// Nothing on the device is changed. What is damaged or cannot be read is named in the log and counted as
// failed, once each time it is met; what vanished or was replaced by something else since it was offered is
// sent as it is now, or counted as skipped if it is gone.
class PartitionObjects final : public ObjectSource {
 public:
  // suffixes: those to offer; empty: all. Throws OsError if the partition cannot be listed.
  PartitionObjects(const Partition& partition, std::vector<std::string> suffixes,
                   const FragmentRequest& request);

  bool next(OfferedObject& object, UpdateCounts& counts) override;
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
