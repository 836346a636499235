#include "common/ring/node_addresses.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <optional>

#include "common/os/errors.h"

namespace ssync {
namespace {

constexpr double kMaxSeconds = 10;

std::string text_of(int family, const void* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  return ::inet_ntop(family, address, text.data(), text.size()) == nullptr ? std::string() : text.data();
}

std::string text_of(const sockaddr* address) {
  if (address == nullptr) return {};
  if (address->sa_family == AF_INET) {
    return text_of(AF_INET, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr);
  }
  if (address->sa_family != AF_INET6) return {};
  return text_of(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr);
}

// An address in its one form (expand_ipv6, which shortens it); nullopt for a name.
std::optional<std::string> plain_address(const std::string& host) {
  in6_addr bytes{};
  if (::inet_pton(AF_INET, host.c_str(), &bytes) == 1) return host;
  if (::inet_pton(AF_INET6, host.c_str(), &bytes) == 1) return text_of(AF_INET6, &bytes);
  return std::nullopt;
}

}  // namespace

std::vector<std::string> node_addresses(const std::string& ring_ip) {
  if (!ring_ip.empty() && plain_address(ring_ip).value_or(ring_ip) != "::" && ring_ip != "0.0.0.0") {
    return {ring_ip};
  }
  ifaddrs* listed = nullptr;
  if (::getifaddrs(&listed) != 0) throw_os_error("getifaddrs");
  const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> interfaces(listed, ::freeifaddrs);
  std::vector<std::string> addresses;
  for (const ifaddrs* each = interfaces.get(); each != nullptr; each = each->ifa_next) {
    std::string address = text_of(each->ifa_addr);
    if (!address.empty() && std::ranges::find(addresses, address) == addresses.end()) {
      addresses.push_back(std::move(address));
    }
  }
  return addresses;
}

bool NodeAddresses::include(const std::string& host) {
  if (const auto address = plain_address(host)) return addresses_.contains(*address);
  if (addresses_.contains(host)) return true;
  if (const auto known = names_.find(host); known != names_.end()) return known->second;
  if (seconds_spent_ > kMaxSeconds) return false;
  const auto start = std::chrono::steady_clock::now();
  const bool is_ours = look_up(host);
  seconds_spent_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  names_.emplace(host, is_ours);
  return is_ours;
}

bool NodeAddresses::look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* listed = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &listed) != 0) return false;
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> found(listed, ::freeaddrinfo);
  for (const addrinfo* each = found.get(); each != nullptr; each = each->ai_next) {
    if (addresses_.contains(text_of(each->ai_addr))) return true;
  }
  return false;
}

}  // namespace ssync
