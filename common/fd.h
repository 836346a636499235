// File descriptors and the system calls on them: EINTR, short writes and O_CLOEXEC handled once.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

// open(2) with O_CLOEXEC, and again on EINTR. An empty Fd with errno set on failure.
[[nodiscard]] Fd open_file(const std::string& path, int flags, mode_t mode = 0777) noexcept;

// The same with openat(2), relative to an open directory.
[[nodiscard]] Fd open_file_at(int directory, const std::string& path, int flags, mode_t mode = 0777) noexcept;

// Writes all of data. Throws OsError with this path.
void write_all(int fd, std::string_view data, const std::string& path);

// fsync(2). Throws OsError with this path.
void sync_file(int fd, const std::string& path);

// Opens the directory and fsyncs it. Throws OsError.
void sync_directory(const std::string& path);

// The names in a directory but for "." and "..", in no order. Throws OsError.
std::vector<std::string> list_directory(const std::string& path);

// The same; nullopt for one that is not there, as the hash directories of new objects are.
std::optional<std::vector<std::string>> list_directory_if_there(const std::string& path);

// The same for a directory that was opened for reading, not listed before; path names it in errors.
std::optional<std::vector<std::string>> list_open_directory(int directory, const std::string& path);

// "dirname" and "basename" of a path without a trailing slash.
std::string parent_of(const std::string& path);
std::string name_of(const std::string& path);

}  // namespace ssync
