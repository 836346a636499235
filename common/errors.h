// The kinds of failure that common/ raises. Whoever serves requests maps them to an answer.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace ssync {

// An operator's mistake. what() is one line that names file, section, option, value and remedy;
// main prints it and exits with status 2.
class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A value that Python would have refused with a ValueError (or OverflowError, IndexError, …).
// what() is Python's own message, because Swift sends that message to the peer.
class ValueError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The part of those that Python raises as OverflowError, which Swift's "except ValueError" does not catch.
class OverflowError : public ValueError {
 public:
  using ValueError::ValueError;
};

// A system call failed. code() is the errno, path() what it was about (may be empty), and what()
// reads as Python's OSError: `[Errno 2] No such file or directory: '/srv/node/sda1'`.
class OsError : public std::runtime_error {
 public:
  OsError(int code, std::string path);
  // Of a call on two paths, what() `… '/from' -> '/to'`.
  OsError(int code, std::string path, const std::string& other_path);
  [[nodiscard]] int code() const noexcept { return code_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  int code_;
  std::string path_;
};

// The device is full, or nearer to it than fallocate_reserve allows (DiskFileNoSpace), or its file
// system has no extended attributes (DiskFileXattrNotSupported): both are answered 507.
class InsufficientStorage : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws OsError with the present errno.
[[noreturn]] void throw_os_error(std::string_view path);

}  // namespace ssync
