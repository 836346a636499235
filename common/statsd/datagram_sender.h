// Sends UDP datagrams to a host, without ever waiting.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace ssync {

struct DatagramAddress {
  sockaddr_storage address{};
  socklen_t size = 0;
};

// What a host's name stands for; `why` is of a look-up that failed.
struct LookUp {
  std::optional<DatagramAddress> found;
  std::string why;
};

// Asks for an IPv4 address, and for an IPv6 one if there is none (swift.common.statsd_client). May wait for a
// name server.
LookUp look_up_datagram_address(const std::string& host, int port);

// A name is looked up by a thread, at first and then once a minute, since operators move a server by its
// name; an address stays in use while the name cannot be looked up. What is sent before the first answer
// waits for it, up to a bound. What cannot be sent is lost, as datagrams are: it is counted, and logged at
// most once an hour.
class DatagramSender {
 public:
  using Resolve = std::function<LookUp(const std::string& host, int port)>;

  DatagramSender(const std::string& host, int port, Resolve resolve = look_up_datagram_address);
  // What still waits for the first answer of a name server gets up to two seconds.
  ~DatagramSender();
  DatagramSender(const DatagramSender&) = delete;
  DatagramSender& operator=(const DatagramSender&) = delete;

  // Thread-safe.
  void send(std::string datagram) noexcept;

  // How many were lost on this machine.
  [[nodiscard]] std::uint64_t unsent() const;

 private:
  struct Shared;

  static void keep_looking_up(const std::shared_ptr<Shared>& shared, const Resolve& resolve);

  std::shared_ptr<Shared> shared_;  // with the thread, which nothing can call back from a look-up
  std::thread resolver_;
};

}  // namespace ssync
