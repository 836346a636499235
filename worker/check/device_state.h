// What a device is like now.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "common/config/disk_settings.h"

namespace ssync {

struct DeviceState {
  bool has_answered = false;
  bool is_usable = false;  // as usable_device() decides for each request
  bool is_read_only = false;
  bool has_room = true;         // more free than fallocate_reserve
  int error = 0;                // errno of statvfs(2)
  std::uint64_t size = 0;       // bytes
  std::uint64_t available = 0;  // bytes, to others than root
  std::string file_system;      // "xfs"; empty if not known
};

// The state of each of these devices, in their order. Each is asked by a process of its own, and whoever has
// not answered within `patience` is given up: has_answered is false then, and its process ends when its disk
// does answer. To be called while there is one thread. Throws OsError if no process can be made.
std::vector<DeviceState> device_states(const DiskSettings& settings, const std::vector<std::string>& devices,
                                       std::chrono::milliseconds patience);

}  // namespace ssync
