// The lock of a partition's suffix hashes.
#pragma once

#include <string>

#include "common/os/lock_path.h"

namespace ssync {

// Locks <partition>/.lock, which guards changes of hashes.invalid and hashes.pkl, with Swift's default
// timeout of 10 s. Throws as PathLock does.
PathLock lock_hashes(const std::string& partition_dir);

}  // namespace ssync
