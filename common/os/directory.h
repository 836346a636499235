// Creating, listing and syncing directories.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace ssync {

// Number of attempts for operations that another process's clean-up may undo in between.
inline constexpr int kAttempts = 3;

// Creates path and its missing parents; returns the created directories, outermost first. An existing
// directory is not an error. Throws OsError.
std::vector<std::string> make_directories(const std::string& path);

// False also for what cannot be looked at. Symbolic links are followed (os.path.isdir).
bool is_directory(const std::string& path);

// Opens the directory and fsyncs it. Throws OsError.
void sync_directory(const std::string& path);

// The names in a directory except "." and "..", in no particular order. Throws OsError.
std::vector<std::string> list_directory(const std::string& path);

// The same; nullopt if the directory does not exist, as for hash directories of new objects.
std::optional<std::vector<std::string>> list_directory_if_there(const std::string& path);

// The same for a directory opened for reading and not yet listed; path is for error messages.
std::optional<std::vector<std::string>> list_open_directory(int directory, const std::string& path);

}  // namespace ssync
