// Is a device there, and has it room?
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/settings.h"

namespace ssync {

// "<devices>/<device>" if it may be used: a mount point with mount_check, else a directory; nullopt
// otherwise, and for a name that quote_plus would change (BaseDiskFileManager.get_dev_path). A file
// ".ismount" in a directory makes it count as mounted, as in Swift.
std::optional<std::string> usable_device(const ObjectServerSettings& settings, const std::string& device);

// True if size more bytes on the file system of fd leave more free than fallocate_reserve
// (swift.common.utils.fs_has_free_space). Throws OsError.
bool has_free_space(const FallocateReserve& reserve, int fd, std::int64_t size);

}  // namespace ssync
