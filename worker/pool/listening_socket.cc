#include "worker/pool/listening_socket.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "common/config/errors.h"
#include "common/os/errors.h"
#include "common/os/fd.h"
#include "common/os/log.h"
#include "common/os/unix_address.h"

namespace ssync {
namespace {

[[noreturn]] void refuse(const char* option, const std::string& value, const std::string& problem) {
  throw ConfigError(std::string("[worker] ") + option + " = " + value + ": " + problem);
}

std::string error_text() { return std::strerror(errno); }

bool is_listening(int fd) {
  int listening = 0;
  socklen_t size = sizeof(listening);
  return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening != 0;
}

// The inherited socket's descriptor, or -1.
int inherited_socket() {
  if (is_listening(STDIN_FILENO)) return STDIN_FILENO;
  const int count = sd_listen_fds(1);
  if (count > 1) {
    throw ConfigError("systemd passed " + std::to_string(count) +
                      " sockets; keep one ListenStream= in the .socket unit");
  }
  if (count == 1 && !is_listening(SD_LISTEN_FDS_START)) {
    throw ConfigError(
        "the descriptor passed by systemd is not a listening socket; use ListenStream= and Accept=no");
  }
  return count == 1 ? SD_LISTEN_FDS_START : -1;
}

UnixAddress address_of(const std::string& path) {
  const auto address = UnixAddress::of(path);
  if (!address) {
    refuse("socket", path,
           "longer than " + std::to_string(UnixAddress::kLongestPath) + " bytes; use a shorter path");
  }
  return *address;
}

Fd new_socket(const std::string& path) {
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) refuse("socket", path, "cannot create the socket: " + error_text());
  return fd;
}

// Removes a socket that no process listens on.
void remove_stale_socket(const std::string& path, const UnixAddress& address) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) < 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      return;  // Nothing there; bind(2) reports other errors.
    }
    refuse("socket", path, "cannot be accessed: " + error_text() + "; make its directory accessible");
  }
  if (!S_ISSOCK(status.st_mode)) {
    refuse("socket", path, "exists and is not a socket; remove it or choose another path");
  }
  const Fd probe = new_socket(path);
  if (::connect(probe.get(), address.get(), UnixAddress::size()) < 0) {
    if (errno == ECONNREFUSED) {
      if (::unlink(path.c_str()) < 0 && errno != ENOENT) {
        refuse("socket", path, "cannot remove the stale socket: " + error_text() + "; remove it");
      }
      return;
    }
    if (errno == EACCES || errno == EPERM) {
      refuse("socket", path,
             "exists and cannot be connected to: " + error_text() + "; remove it or choose another path");
    }
  }
  refuse("socket", path, "another process is listening on it; stop it or choose another path");
}

uid_t user_id(const std::string& name) {
  if (name.empty()) return static_cast<uid_t>(-1);
  const passwd* user = ::getpwnam(name.c_str());
  if (user == nullptr) {
    refuse("socket_owner", name, "unknown user; give an existing one or remove the option");
  }
  return user->pw_uid;
}

gid_t group_id(const std::string& name) {
  if (name.empty()) return static_cast<gid_t>(-1);
  const group* entry = ::getgrnam(name.c_str());
  if (entry == nullptr) {
    refuse("socket_group", name, "unknown group; give an existing one or remove the option");
  }
  return entry->gr_gid;
}

}  // namespace

ListeningSocket::ListeningSocket(const PoolSettings& settings, const Inheritance& inheritance) {
  if (is_listening(inheritance.socket)) {
    inherit(inheritance.socket);
    inherited_ = inheritance.socket_path.empty();
    if (!inherited_) remember(inheritance.socket_path);
  } else if (const int fd = inherited_socket(); fd >= 0) {
    inherit(fd);
    inherited_ = true;
  } else if (settings.socket.empty()) {
    refuse("socket", "",
           "no path and no inherited socket; give a path, or start under spawn-fcgi or systemd");
  } else {
    make(settings.socket, settings);
  }
}

ListeningSocket::ListeningSocket(const std::string& path, const PoolSettings& settings) {
  make(path, settings);
}

void ListeningSocket::inherit(int fd) {
  fd_ = Fd(fd);
  if (::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK) < 0 || ::fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
    throw_os_error("inherited socket");
  }
}

void ListeningSocket::remember(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) {
    device_ = status.st_dev;
    inode_ = status.st_ino;
  }
  path_ = path;
}

ListeningSocket::~ListeningSocket() { remove_path(); }

void ListeningSocket::make(const std::string& path, const PoolSettings& settings) {
  const UnixAddress address = address_of(path);
  const uid_t owner = user_id(settings.socket_owner);
  const gid_t group = group_id(settings.socket_group);
  remove_stale_socket(path, address);
  fd_ = new_socket(path);

  const mode_t old_mask = ::umask(0777);
  const int bound = ::bind(fd_.get(), address.get(), UnixAddress::size());
  const int bind_error = errno;
  ::umask(old_mask);
  if (bound < 0) {
    errno = bind_error;
    refuse("socket", path,
           "cannot create the socket: " + error_text() +
               (bind_error == ENOENT ? "; create its directory, or choose another path"
                                     : "; make its directory writable, or choose another path"));
  }
  remember(path);
  // Connections are refused until listen(2), so none is accepted before the mode is set. On an exception the
  // socket is removed here, because the destructor does not run.
  try {
    // As it stays, nothing is asked of the kernel: under systemd not even that may be.
    const bool stays = settings.socket_owner.empty() && settings.socket_group.empty();
    if (!stays && ::chown(path.c_str(), owner, group) < 0) {
      refuse(settings.socket_owner.empty() ? "socket_group" : "socket_owner",
             settings.socket_owner.empty() ? settings.socket_group : settings.socket_owner,
             "cannot set it: " + error_text() + "; start as root, or use the process's own user and groups");
    }
    if (::chmod(path.c_str(), settings.socket_mode) < 0) {
      refuse("socket", path, "cannot set its mode: " + error_text());
    }
    if (::listen(fd_.get(), settings.backlog) < 0) {
      refuse("socket", path, "cannot listen on it: " + error_text());
    }
  } catch (const ConfigError&) {
    remove_path();
    throw;
  }
}

void ListeningSocket::remove_path() noexcept {
  struct stat status {};
  if (!path_.empty() && ::lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ &&
      status.st_ino == inode_ && ::unlink(path_.c_str()) < 0) {
    log::warning("{}: cannot remove the socket: {}", path_, error_text());
  }
  path_.clear();
}

}  // namespace ssync
