// Where a replicator tells what it does: a unix socket beside object.recon.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "common/os/fd.h"
#include "common/os/socket_directory.h"

namespace ssync {

// Listens in a thread of its own, with all signals blocked, until it is destroyed: whoever connects gets the
// report and the end of the connection, one after the other, within a second each. Jobs never wait for it.
//
// The socket is ssync-replicator.N.status, N being the number of the process; its mode is 0600. One that a
// dead process has left is replaced. Another process that listens there is left alone: then it is the next N
// that is free, which the log tells. Where there can be none a warning says so, and the replicator goes on
// without.
class StatusAnswerer {
 public:
  // report: called in the thread, for each that asks.
  StatusAnswerer(std::string directory, std::size_t process, std::function<std::string()> report);
  // Removes the socket.
  ~StatusAnswerer();
  StatusAnswerer(const StatusAnswerer&) = delete;
  StatusAnswerer& operator=(const StatusAnswerer&) = delete;

 private:
  void run();
  void listen();
  void take_name(const std::string& name);
  void answer_all();
  void answer(int connection) const;
  void remove_name() noexcept;

  const std::string path_;
  const std::size_t process_;
  const std::function<std::string()> report_;
  Fd ends_;  // readable at the end
  // Of the thread.
  std::unique_ptr<SocketDirectory> directory_;
  std::string name_;
  Fd listening_;
  dev_t device_ = 0;  // of the socket's file
  ino_t inode_ = 0;
  std::thread thread_;
};

}  // namespace ssync
