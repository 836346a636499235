#include "common/os/directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "common/os/errors.h"
#include "common/os/fd.h"
#include "common/os/path.h"

namespace ssync {

bool is_directory(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

std::vector<std::string> make_directories(const std::string& path) {
  std::vector<std::string> made;
  const bool has_parent = path != "/" && path.find('/') != std::string::npos;
  for (int attempt = 1;; ++attempt) {
    if (::mkdir(path.c_str(), 0777) == 0) {
      made.push_back(path);
      return made;
    }
    if (errno != ENOENT || !has_parent || attempt > kAttempts) break;
    // The parents may be removed again meanwhile: hashing a suffix removes its directory if it is empty.
    for (std::string& above : make_directories(parent_of(path))) made.push_back(std::move(above));
  }
  if (errno != EEXIST) throw_os_error(path);
  if (!is_directory(path)) throw OsError(EEXIST, path);
  return made;
}

void sync_directory(const std::string& path) {
  const Fd fd = open_file(path, O_RDONLY | O_DIRECTORY);
  if (!fd) throw_os_error(path);
  sync_file(fd.get(), path);
}

std::vector<std::string> list_directory(const std::string& path) {
  std::optional<std::vector<std::string>> names = list_directory_if_there(path);
  if (!names) throw OsError(ENOENT, path);
  return std::move(*names);
}

std::optional<std::vector<std::string>> list_directory_if_there(const std::string& path) {
  // Not opendir(3), which needs a stat and 32 KiB of memory for the one or two names of a hash directory.
  const Fd fd = open_file(path, O_RDONLY | O_DIRECTORY);
  if (!fd) {
    if (errno == ENOENT) return std::nullopt;
    throw_os_error(path);
  }
  return list_open_directory(fd.get(), path);
}

std::optional<std::vector<std::string>> list_open_directory(int directory, const std::string& path) {
  std::vector<std::string> names;
  alignas(dirent64) std::array<char, 8192> buffer;
  for (;;) {
    const ssize_t size = ::getdents64(directory, buffer.data(), buffer.size());
    if (size < 0) {
      // The directory was removed after it was opened.
      if (errno == ENOENT) return std::nullopt;
      throw_os_error(path);
    }
    if (size == 0) return names;
    for (const char* next = buffer.data(); next < buffer.data() + size;) {
      const auto* entry = reinterpret_cast<const dirent64*>(next);
      const std::string_view name = static_cast<const char*>(entry->d_name);
      if (name != "." && name != "..") names.emplace_back(name);
      next += entry->d_reclen;
    }
  }
}

}  // namespace ssync
