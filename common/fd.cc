#include "common/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "common/errors.h"

namespace ssync {

void Fd::reset() noexcept {
  if (fd_ >= 0) {
    ::close(fd_);
    fd_ = -1;
  }
}

Fd open_file(const std::string& path, int flags, mode_t mode) noexcept {
  return open_file_at(AT_FDCWD, path, flags, mode);
}

Fd open_file_at(int directory, const std::string& path, int flags, mode_t mode) noexcept {
  int fd;
  do {
    fd = ::openat(directory, path.c_str(), flags | O_CLOEXEC, mode);
  } while (fd < 0 && errno == EINTR);
  return Fd(fd);
}

void write_all(int fd, std::string_view data, const std::string& path) {
  while (!data.empty()) {
    const ssize_t written = ::write(fd, data.data(), data.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      throw_os_error(path);
    }
    data.remove_prefix(static_cast<std::size_t>(written));
  }
}

void sync_file(int fd, const std::string& path) {
  while (::fsync(fd) != 0) {
    if (errno != EINTR) throw_os_error(path);
  }
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
  // Not opendir(3), which for the one or two names of a hash directory takes a stat and 32 KiB of memory.
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
      // Removed since it was opened.
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

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string name_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

}  // namespace ssync
