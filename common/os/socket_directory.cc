#include "common/os/socket_directory.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "common/os/errors.h"
#include "common/os/unix_address.h"

namespace ssync {
namespace {

Fd new_stream() { return Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); }

}  // namespace

SocketDirectory::SocketDirectory(const std::string& path)
    : path_(path), directory_(open_file(path, O_RDONLY | O_DIRECTORY)) {
  if (!directory_) throw_os_error(path);
}

std::string SocketDirectory::address_of(const std::string& name) const {
  return "/proc/self/fd/" + std::to_string(directory_.get()) + "/" + name;
}

Fd SocketDirectory::connect(const std::string& name) const noexcept {
  const auto address = UnixAddress::of(address_of(name));
  if (!address) {
    errno = ENAMETOOLONG;
    return {};
  }
  Fd stream = new_stream();
  if (stream && ::connect(stream.get(), address->get(), UnixAddress::size()) != 0) {
    const int error = errno;
    stream.reset();
    errno = error;
  }
  return stream;
}

Fd SocketDirectory::listen(const std::string& name, mode_t mode, int backlog) const {
  const std::string shown = path_ + "/" + name;
  const auto address = UnixAddress::of(address_of(name));
  if (!address) throw OsError(ENAMETOOLONG, shown);
  Fd socket = new_stream();
  // Before it has a name: nobody can come in under another mode, and the process's umask stays as it is for
  // its other threads.
  if (!socket || ::fchmod(socket.get(), mode) != 0 ||
      ::bind(socket.get(), address->get(), UnixAddress::size()) != 0) {
    throw_os_error(shown);
  }
  if (::listen(socket.get(), backlog) != 0) {
    const int error = errno;
    remove(name);
    throw OsError(error, shown);
  }
  return socket;
}

bool SocketDirectory::remove(const std::string& name) const noexcept {
  return ::unlinkat(directory_.get(), name.c_str(), 0) == 0 || errno == ENOENT;
}

}  // namespace ssync
