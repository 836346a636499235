#include "common/os/errors.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include "common/python/repr.h"

namespace ssync {
namespace {

std::string os_error_text(int code, const std::string& path) {
  // generic_category() is a thread-safe strerror().
  std::string text = "[Errno " + std::to_string(code) + "] " + std::generic_category().message(code);
  if (!path.empty()) text += ": " + python::repr_text(path);
  return text;
}

}  // namespace

OsError::OsError(int code, std::string path)
    : std::runtime_error(os_error_text(code, path)), code_(code), path_(std::move(path)) {}

OsError::OsError(int code, std::string path, const std::string& other_path)
    : std::runtime_error(os_error_text(code, path) + " -> " + python::repr_text(other_path)),
      code_(code),
      path_(std::move(path)) {}

void throw_os_error(std::string_view path) {
  // First, because constructing the string may change errno.
  const int code = errno;
  throw OsError(code, std::string(path));
}

}  // namespace ssync
