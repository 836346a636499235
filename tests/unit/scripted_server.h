// A server on the loopback interface that does what a test's script says, for one connection.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "common/os/blocked_signals.h"
#include "common/os/fd.h"

namespace ssync {

// A TCP socket bound to a free port of 127.0.0.1, which does not listen yet.
class LoopbackSocket {
 public:
  LoopbackSocket() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::system_error(errno, std::generic_category(), "127.0.0.1");
    }
    port_ = std::to_string(ntohs(address.sin_port));
  }

  void listen(int backlog = 16) const {
    if (::listen(fd_.get(), backlog) != 0) throw std::system_error(errno, std::generic_category(), "listen");
  }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] const std::string& port() const noexcept { return port_; }

 private:
  Fd fd_;
  std::string port_;
};

// The server's end of a connection. Whatever it waits for comes within seconds, or a test has failed.
class ServedConnection {
 public:
  explicit ServedConnection(Fd fd) : fd_(std::move(fd)) {
    const timeval limit{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  }

  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0) throw std::system_error(errno, std::generic_category(), "send");
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  // All that comes up to this text, and no more.
  std::string read_to(std::string_view text) {
    std::size_t found = 0;
    while ((found = pending_.find(text)) == std::string::npos) {
      if (!receive()) throw std::runtime_error("the client has gone before it said " + std::string(text));
    }
    std::string bytes = pending_.substr(0, found + text.size());
    pending_.erase(0, bytes.size());
    return bytes;
  }
  std::string read_head() { return read_to("\r\n\r\n"); }
  // All that comes until the client closes.
  std::string read_to_end() {
    while (receive()) {
    }
    return std::exchange(pending_, {});
  }
  // What has come, or comes next; empty once the client has closed.
  std::string read_some() {
    if (pending_.empty()) static_cast<void>(receive());
    return std::exchange(pending_, {});
  }

  // Whether the client says more than was read, within a moment.
  [[nodiscard]] bool hears_more() const {
    pollfd fd{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    return !pending_.empty() || ::poll(&fd, 1, 30) != 0;
  }

  // Nothing more will be said; what the client says can still be read.
  void end_sending() const { ::shutdown(fd_.get(), SHUT_WR); }
  void close() { fd_.reset(); }
  // Ends what another thread waits for here.
  void break_off() const { ::shutdown(fd_.get(), SHUT_RDWR); }

 private:
  bool receive() {
    std::array<char, 65536> piece{};
    const ssize_t size = ::recv(fd_.get(), piece.data(), piece.size(), 0);
    if (size <= 0) return false;
    pending_.append(piece.data(), static_cast<std::size_t>(size));
    return true;
  }

  Fd fd_;
  std::string pending_;
};

class ScriptedServer {
 public:
  using Script = std::function<void(ServedConnection&)>;

  // The script runs in a thread of its own once a client has connected.
  explicit ScriptedServer(Script script) {
    const timeval limit{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(socket_.fd(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    socket_.listen();
    // Signals are the client's business.
    const BlockedSignals signals;
    thread_ = std::thread([this, script = std::move(script)] { run(script); });
  }
  ~ScriptedServer() { end(); }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  [[nodiscard]] const std::string& port() const noexcept { return socket_.port(); }

  // Waits for the script's end. What went wrong in it, or an empty string.
  std::string join() {
    if (thread_.joinable()) thread_.join();
    return error_;
  }

 private:
  void run(const Script& script) {
    Fd fd(::accept4(socket_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd) return;
    ServedConnection connection(std::move(fd));
    try {
      script(connection);
    } catch (const std::exception& error) {
      error_ = error.what();
    }
  }

  // If nobody has connected, nobody will.
  void end() {
    ::shutdown(socket_.fd(), SHUT_RDWR);
    join();
  }

  LoopbackSocket socket_;
  std::string error_;
  std::thread thread_;
};

}  // namespace ssync
