#include "common/os/fd.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "common/os/errors.h"

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

}  // namespace ssync
