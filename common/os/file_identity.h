// What tells a file from the one that had its name before.
#pragma once

#include <sys/stat.h>

#include <cstdint>

namespace ssync {

struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::int64_t seconds = 0;  // of its modification
  std::int64_t nanoseconds = 0;

  static FileIdentity of(const struct stat& status) {
    return {status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
  }

  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

}  // namespace ssync
