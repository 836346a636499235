#include "worker/sender/polled_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>

#include "common/os/errors.h"
#include "worker/sender/errors.h"

namespace ssync {

std::string host_and_port(const std::string& host, const std::string& port) {
  return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + port;
}

std::string seconds_text(std::chrono::steady_clock::duration time) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%g", std::chrono::duration<double>(time).count());
  return text.data();
}

PolledSocket::PolledSocket(const std::string& host, const std::string& port, Clock::duration timeout,
                           const Interruption& interruption)
    : interruption_(&interruption) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found)) {
    throw ConnectionLost(host_and_port(host, port) + ": " + ::gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  const auto until = Clock::now() + timeout;
  int error = 0;
  for (const addrinfo* candidate = found; candidate != nullptr; candidate = candidate->ai_next) {
    socket_ = Fd(::socket(candidate->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    error = connect_error(*candidate, until);
    if (error == 0) {
      const int on = 1;
      // Only an optimisation.
      static_cast<void>(::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)));
      return;
    }
  }
  throw ConnectionLost("cannot connect to " + host_and_port(host, port) + ": " + std::strerror(error));
}

// Connects to this address. Returns 0 or an errno.
int PolledSocket::connect_error(const addrinfo& address, Clock::time_point until) {
  if (!socket_) return errno;
  if (::connect(socket_.get(), address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  if (wait(POLLOUT, until) == 0) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof(error);
  return ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

short PolledSocket::wait(short events, Clock::time_point until) const {
  for (;;) {
    interruption_->check();
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) return 0;
    std::array<pollfd, 2> polled{{{socket_.get(), events, 0}, {interruption_->fd(), POLLIN, 0}}};
    constexpr std::int64_t kLongest = 3'600'000;
    const int count =
        ::poll(polled.data(), polled.size(), static_cast<int>(std::min<std::int64_t>(left, kLongest)));
    if (count < 0 && errno != EINTR) throw_os_error("poll");
    if (count > 0 && polled[0].revents != 0) return polled[0].revents;
  }
}

}  // namespace ssync
