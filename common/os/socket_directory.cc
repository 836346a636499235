#include "common/os/socket_directory.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "common/os/errors.h"

namespace ssync {
namespace {

// nullopt if the path is too long.
std::optional<sockaddr_un> unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return std::nullopt;
  path.copy(static_cast<char*>(address.sun_path), path.size());
  return address;
}

Fd new_stream() { return Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); }

const sockaddr* generic(const sockaddr_un& address) { return reinterpret_cast<const sockaddr*>(&address); }

}  // namespace

SocketDirectory::SocketDirectory(const std::string& path)
    : path_(path), directory_(open_file(path, O_RDONLY | O_DIRECTORY)) {
  if (!directory_) throw_os_error(path);
}

std::string SocketDirectory::address_of(const std::string& name) const {
  return "/proc/self/fd/" + std::to_string(directory_.get()) + "/" + name;
}

Fd SocketDirectory::connect(const std::string& name) const noexcept {
  const auto address = unix_address(address_of(name));
  if (!address) {
    errno = ENAMETOOLONG;
    return {};
  }
  Fd stream = new_stream();
  if (stream && ::connect(stream.get(), generic(*address), sizeof(*address)) != 0) {
    const int error = errno;
    stream.reset();
    errno = error;
  }
  return stream;
}

Fd SocketDirectory::listen(const std::string& name, mode_t mode, int backlog) const {
  const std::string shown = path_ + "/" + name;
  const auto address = unix_address(address_of(name));
  if (!address) throw OsError(ENAMETOOLONG, shown);
  Fd socket = new_stream();
  // Before it has a name: nobody can come in under another mode, and the process's umask stays as it is for
  // its other threads.
  if (!socket || ::fchmod(socket.get(), mode) != 0 ||
      ::bind(socket.get(), generic(*address), sizeof(*address)) != 0) {
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
