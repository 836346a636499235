// Errors of system calls, and of waiting for them.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace ssync {

// A system call failed. code() is the errno, path() the file it failed for (may be empty), and what() reads
// like Python's OSError: `[Errno 2] No such file or directory: '/srv/node/sda1'`.
class OsError : public std::runtime_error {
 public:
  OsError(int code, std::string path);
  // For a call with two paths; what() is `… '/from' -> '/to'`.
  OsError(int code, std::string path, const std::string& other_path);
  [[nodiscard]] int code() const noexcept { return code_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  int code_;
  std::string path_;
};

// Throws OsError with the current errno.
[[noreturn]] void throw_os_error(std::string_view path);

// Waiting for a lock timed out. what() is Swift's text: "10 seconds: /srv/node/sda1/objects/7/.lock".
class LockTimeout : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The process was told to stop and abandoned its current work. Not derived from std::exception, so that it is
// never answered, counted or logged as an error.
class Interrupted {
 public:
  explicit Interrupted(std::string what) : what_(std::move(what)) {}
  [[nodiscard]] const char* what() const noexcept { return what_.c_str(); }

 private:
  std::string what_;
};

}  // namespace ssync
