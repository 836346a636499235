// File descriptors and system calls on them, with EINTR, short writes and O_CLOEXEC handled in one place.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace ssync {

// Owns a descriptor and closes it.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) noexcept : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~Fd() { reset(); }

  [[nodiscard]] int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  void reset() noexcept;

 private:
  int fd_ = -1;
};

// open(2) with O_CLOEXEC, retried on EINTR. An empty Fd with errno set on failure.
[[nodiscard]] Fd open_file(const std::string& path, int flags, mode_t mode = 0777) noexcept;

// The same with openat(2), relative to an open directory.
[[nodiscard]] Fd open_file_at(int directory, const std::string& path, int flags, mode_t mode = 0777) noexcept;

// Writes all of data. Throws OsError with this path.
void write_all(int fd, std::string_view data, const std::string& path);

// fsync(2). Throws OsError with this path.
void sync_file(int fd, const std::string& path);

}  // namespace ssync
