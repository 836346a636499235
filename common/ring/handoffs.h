// The handoffs of a partition: where it may go while its primaries cannot take it.
#pragma once

#include <cstdint>
#include <vector>

#include "common/ring/ring.h"

namespace ssync {

// One after the other, each looked for when it is asked for: the first ones cost a few look-ups in the table.
class Handoffs {
 public:
  // The ring must outlive it. A partition that the ring does not have has handoffs as well: all its devices.
  Handoffs(const Ring& ring, std::uint64_t partition);

  // The next one in Swift's order (Ring.get_more_nodes): regions without a primary or a handoff so far, then
  // zones, then addresses, then all other devices that have partitions; each device once, and no primary.
  // nullptr after the last. It lives as long as the ring.
  const RingDevice* next();

 private:
  enum class Stage { regions, zones, ips, devices, done };

  // A walk over all partitions in steps, from one that the partition's number chooses.
  void begin_walk();
  bool to_next_partition();
  void begin_stage(Stage stage);
  [[nodiscard]] bool is_stage_complete() const;
  [[nodiscard]] bool is_new(const RingDevice& device) const;
  void take(const RingDevice& device);

  const Ring& ring_;
  std::uint64_t start_ = 0;
  std::uint64_t step_ = 1;
  Stage stage_ = Stage::regions;
  std::uint64_t at_ = 0;   // the partition to look at
  std::uint64_t end_ = 0;  // where this half of the walk ends
  std::size_t row_ = 0;    // the replica of it to look at next
  bool is_second_half_ = false;

  // What primaries and handoffs so far have, by RingTiers' numbers and the devices' ids, and how many.
  struct Seen {
    std::vector<bool> marks;
    std::uint32_t count = 0;

    void mark(std::uint32_t number) {
      if (!marks[number]) ++count;
      marks[number] = true;
    }
  };
  Seen regions_;
  Seen zones_;
  Seen ips_;
  Seen devices_;
};

}  // namespace ssync
