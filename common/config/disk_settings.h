// Settings for storing, reading and cleaning up objects on a device: the options of Swift's DiskFileManager.
#pragma once

#include <cstdint>
#include <string>

namespace ssync {

// fallocate_reserve: bytes, or a percentage of the device.
struct FallocateReserve {
  double amount = 1.0;
  bool is_percent = true;

  friend bool operator==(const FallocateReserve&, const FallocateReserve&) = default;
};

// Times in seconds, sizes in bytes.
struct DiskSettings {
  std::string devices = "/srv/node";
  bool mount_check = true;
  bool disable_fallocate = false;
  FallocateReserve fallocate_reserve;
  std::int64_t disk_chunk_size = 65536;
  std::int64_t keep_cache_size = 5242880;
  std::int64_t bytes_per_sync = 512LL * 1024 * 1024;  // mb_per_sync
  std::int64_t reclaim_age = 604800;
  double commit_window = 60.0;
};

}  // namespace ssync
