// A UDP socket on the loopback interface that takes datagrams.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "common/os/fd.h"
#include "common/statsd/datagram_sender.h"

namespace ssync {

class DatagramReceiver {
 public:
  // Of AF_INET or AF_INET6, at a port that the system chooses. Throws std::system_error.
  explicit DatagramReceiver(int family = AF_INET) : socket_(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_addr = in6addr_loopback;
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool is_v6 = family == AF_INET6;
    const void* const address = is_v6 ? static_cast<const void*>(&v6) : &v4;
    if (::bind(socket_.get(), static_cast<const sockaddr*>(address), is_v6 ? sizeof v6 : sizeof v4) != 0) {
      throw std::system_error(errno, std::generic_category(), "bind");
    }
    address_.size = sizeof address_.address;
    ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address_.address), &address_.size);
  }

  [[nodiscard]] int port() const {
    // At the same place in both families.
    return ntohs(reinterpret_cast<const sockaddr_in&>(address_.address).sin_port);
  }
  [[nodiscard]] const DatagramAddress& address() const { return address_; }

  // The next datagram; nullopt if none comes in time.
  std::optional<std::string> take(int milliseconds = 20'000) {
    pollfd polled{socket_.get(), POLLIN, 0};
    if (::poll(&polled, 1, milliseconds) != 1) return std::nullopt;
    std::array<char, 4096> data{};
    const ssize_t size = ::recv(socket_.get(), data.data(), data.size(), 0);
    return std::string(data.data(), static_cast<std::size_t>(size));
  }

  // What is there; on the loopback interface a datagram is there when it has been sent.
  std::vector<std::string> take_all() {
    std::vector<std::string> datagrams;
    while (auto datagram = take(0)) datagrams.push_back(*std::move(datagram));
    return datagrams;
  }

 private:
  Fd socket_;
  DatagramAddress address_;
};

}  // namespace ssync
