#include "common/hashes/hashes_lock.h"

#include "common/os/lock_path.h"

namespace ssync {

PathLock lock_hashes(const std::string& partition_dir) {
  return PathLock(LockRequest{.directory = partition_dir,
                              .name = "",
                              .limit = 1,
                              .timeout = 10,
                              .timeout_text = "10",
                              .give_up = {}});
}

}  // namespace ssync
