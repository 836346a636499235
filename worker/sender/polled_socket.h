// A connected socket that does not block: its owner waits with a deadline, and for signals.
#pragma once

#include <netdb.h>

#include <chrono>
#include <string>

#include "common/os/fd.h"
#include "worker/sender/interruption.h"

namespace ssync {

class PolledSocket {
 public:
  using Clock = std::chrono::steady_clock;

  // Connects to the first address of host that answers. interruption must outlive this object. Throws
  // ConnectionLost, with "HOST:PORT" in its message, Interrupted, and OsError.
  PolledSocket(const std::string& host, const std::string& port, Clock::duration timeout,
               const Interruption& interruption);

  [[nodiscard]] int get() const noexcept { return socket_.get(); }
  // The events of the socket from poll(2); 0 after the deadline. Throws Interrupted, OsError.
  [[nodiscard]] short wait(short events, Clock::time_point until) const;

 private:
  int connect_error(const addrinfo& address, Clock::time_point until);

  const Interruption* interruption_;
  Fd socket_;
};

// "HOST:PORT", with brackets around an IPv6 address, as in a Host header.
std::string host_and_port(const std::string& host, const std::string& port);

// Seconds as people write them: "0.5", "60".
std::string seconds_text(std::chrono::steady_clock::duration time);

}  // namespace ssync
