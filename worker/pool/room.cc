#include "worker/pool/room.h"

#include <algorithm>

namespace ssync {

int Room::beside_sessions() const noexcept {
  return std::max(1, slots == 0 ? (workers - 1) / 2 : workers - slots - 1);
}

int Room::for_one_device() const noexcept {
  const int all = beside_sessions();
  return std::max(1, all - std::max(1, all / 3));
}

int Room::waiting() const noexcept {
  const int most = for_one_device();
  return slots == 0 ? most : std::clamp(slots - 1, 1, most);
}

int Room::unlimited_sessions() const noexcept { return std::max(1, workers - 1); }

}  // namespace ssync
