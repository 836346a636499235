// The pool's listening socket: made at a path, or inherited from spawn-fcgi or systemd.
#pragma once

#include <sys/types.h>

#include <string>

#include "common/fd.h"
#include "common/settings.h"

namespace ssync {

// A non-blocking, close-on-exec listening socket. One that was made here is removed from its path
// again when the object goes, unless another socket has taken the path meanwhile; after SIGKILL it
// stays there, and the next start replaces it.
class ListeningSocket {
 public:
  // Takes a listening socket that the process inherited (descriptor 0, or the one of systemd's
  // LISTEN_FDS), else makes a unix socket at settings.socket; nobody can connect to that before it
  // has its mode, owner and group. Throws ConfigError for a path that is taken by a live listener
  // or by something else than a socket, is too long, or cannot be made, for unknown names of owner
  // and group, and for an empty path with nothing inherited.
  explicit ListeningSocket(const PoolSettings& settings);
  ~ListeningSocket();
  ListeningSocket(const ListeningSocket&) = delete;
  ListeningSocket& operator=(const ListeningSocket&) = delete;

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] bool inherited() const noexcept { return inherited_; }
  // Removes the path now, so that nobody new connects; the descriptor stays open.
  void remove_path() noexcept;

 private:
  void make(const PoolSettings& settings);

  Fd fd_;
  bool inherited_ = false;
  std::string path_;  // empty: nothing to remove
  dev_t device_ = 0;  // of the socket's file
  ino_t inode_ = 0;
};

}  // namespace ssync
