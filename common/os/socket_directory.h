// Unix sockets in a directory, by their names there.
#pragma once

#include <sys/types.h>

#include <string>

#include "common/os/fd.h"

namespace ssync {

// The directory's path may be longer than a socket's address: it is opened, and gone through by /proc. All
// sockets are close-on-exec and non-blocking.
class SocketDirectory {
 public:
  // Throws OsError.
  explicit SocketDirectory(const std::string& path);

  // A stream connected to the socket of this name. An empty Fd with errno set on failure: ECONNREFUSED if
  // nobody listens any more, EAGAIN if who listens does not take those who wait.
  [[nodiscard]] Fd connect(const std::string& name) const noexcept;
  // A listening socket of this name, which must not exist yet. Throws OsError.
  [[nodiscard]] Fd listen(const std::string& name, mode_t mode, int backlog) const;
  // Removes the name, if it is there. False with errno set if it cannot be.
  bool remove(const std::string& name) const noexcept;
  // The directory, open for reading.
  [[nodiscard]] int fd() const noexcept { return directory_.get(); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
  [[nodiscard]] std::string address_of(const std::string& name) const;

  std::string path_;
  Fd directory_;
};

}  // namespace ssync
