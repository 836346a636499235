// The address and device of a receiver.
#pragma once

#include <string>
#include <string_view>

namespace ssync {

struct ReceiverAddress {
  std::string host;  // without the brackets of an IPv6 address
  std::string port;
  std::string device;

  // Reads "HOST:PORT/DEVICE". Throws ConfigError.
  static ReceiverAddress parse(std::string_view text);
  // "HOST:PORT", as in a Host header.
  [[nodiscard]] std::string host_and_port() const;
};

}  // namespace ssync
