// The pool's listening socket: created at a path, or inherited from spawn-fcgi or systemd.
#pragma once

#include <sys/types.h>

#include <string>

#include "common/config/settings.h"
#include "common/os/fd.h"
#include "worker/pool/successor.h"

namespace ssync {

// A non-blocking, close-on-exec listening socket. The destructor removes a socket created here from its path,
// unless another socket has replaced it; after SIGKILL it stays, and the next start replaces it.
class ListeningSocket {
 public:
  // Takes a listening socket that the process inherited (descriptor 0, or the one of systemd's
  // LISTEN_FDS), else creates a unix socket at settings.socket; nobody can connect to it before its mode,
  // owner and group are set. Throws ConfigError if the path is in use by a listener, is not a socket, is too
  // long or cannot be created, if owner or group are unknown, and if the path is empty and no socket is
  // inherited. What another program left in this process comes before all these.
  explicit ListeningSocket(const PoolSettings& settings, const Inheritance& inheritance = {});
  // A unix socket at this path, with mode, owner and group as the settings have them for the pool's. Throws
  // as above.
  ListeningSocket(const std::string& path, const PoolSettings& settings);
  ~ListeningSocket();
  ListeningSocket(const ListeningSocket&) = delete;
  ListeningSocket& operator=(const ListeningSocket&) = delete;

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] bool inherited() const noexcept { return inherited_; }
  // The path that the destructor removes; empty if there is none.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  // Removes the path, so that no new client connects; the descriptor stays open.
  void remove_path() noexcept;

 private:
  void make(const std::string& path, const PoolSettings& settings);
  void inherit(int fd);
  void remember(const std::string& path);

  Fd fd_;
  bool inherited_ = false;
  std::string path_;  // empty: nothing to remove
  dev_t device_ = 0;  // of the socket's file
  ino_t inode_ = 0;
};

}  // namespace ssync
