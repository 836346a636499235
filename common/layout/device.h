// Checks whether a device is mounted and has free space.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/config/disk_settings.h"

namespace ssync {

// "<devices>/<device>" if the device is usable: with mount_check a mount point, else a directory. nullopt
// otherwise, and for a name that quote_plus would change (BaseDiskFileManager.get_dev_path). As in Swift, a
// directory with a file ".ismount" counts as mounted.
std::optional<std::string> usable_device(const DiskSettings& settings, const std::string& device);

// True if writing size bytes to the file system of path leaves more free space than fallocate_reserve
// (swift.common.utils.fs_has_free_space). Throws OsError.
bool has_free_space(const FallocateReserve& reserve, const std::string& path, std::int64_t size);

}  // namespace ssync
