// Files that others wrote, and that may be anything: a FIFO, a device, endless.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "common/os/fd.h"

namespace ssync {

// More than any file of Swift's daemons has, and all of /proc/mounts.
inline constexpr std::size_t kLargestFile = 4UL * 1024 * 1024;

// Opens a regular file for reading, without waiting for anything; a symbolic link is followed, as in Swift.
// Throws OsError, and std::runtime_error for what is no regular file.
Fd open_regular_file(const std::string& path);

// What is left to read of an open file; nullopt if that is more than limit bytes. path is for the message of
// OsError.
std::optional<std::string> read_at_most(const Fd& file, const std::string& path, std::size_t limit);

// All of its content. Throws like open_regular_file(), and for more than kLargestFile bytes.
std::string read_regular_file(const std::string& path);

}  // namespace ssync
