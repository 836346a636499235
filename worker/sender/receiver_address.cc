#include "worker/sender/receiver_address.h"

#include <charconv>

#include "common/config/errors.h"
#include "common/python/repr.h"
#include "common/python/url.h"
#include "worker/sender/polled_socket.h"

namespace ssync {
namespace {

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), port);
  return read.ec == std::errc() && read.ptr == text.data() + text.size() && port > 0 && port < 65536;
}

}  // namespace

ReceiverAddress ReceiverAddress::parse(std::string_view text) {
  const auto fail = [&](const char* what) -> ConfigError {
    return ConfigError(python::repr_text(text) + ": " + what +
                       "; write HOST:PORT/DEVICE, as in 192.0.2.10:6200/sda1 or [2001:db8::10]:6200/sda1");
  };
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) throw fail("missing device");
  const std::string_view authority = text.substr(0, slash);
  const std::size_t colon = authority.rfind(':');
  ReceiverAddress address;
  address.device = text.substr(slash + 1);
  if (address.device.empty()) throw fail("missing device");
  if (address.device.find('/') != std::string::npos) throw fail("a device name cannot contain a slash");
  if (python::quote_plus(address.device) != address.device) throw fail("invalid device name");
  if (colon == std::string_view::npos || !is_port(authority.substr(colon + 1))) throw fail("no valid port");
  address.port = authority.substr(colon + 1);
  std::string_view host = authority.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    throw fail("an IPv6 address needs brackets");
  }
  if (host.empty()) throw fail("missing host");
  address.host = host;
  return address;
}

std::string ReceiverAddress::host_and_port() const { return ssync::host_and_port(host, port); }

}  // namespace ssync
