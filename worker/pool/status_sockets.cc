#include "worker/pool/status_sockets.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>
#include <string_view>

namespace ssync {
namespace {

// A unix socket's path without the end.
constexpr std::size_t kLongestPath = 107;

// Empty if that is too long, or there is nothing to put it behind.
std::string with_end(const std::string& path, std::string_view end) {
  return path.empty() || path.size() + end.size() > kLongestPath ? "" : path + std::string(end);
}

}  // namespace

std::string path_of_socket(int fd) {
  sockaddr_un address{};
  socklen_t size = sizeof(address);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0 || address.sun_family != AF_UNIX) {
    return "";
  }
  const char* const path = static_cast<const char*>(address.sun_path);
  return {path, ::strnlen(path, sizeof(address.sun_path))};
}

std::string status_socket_of(const PoolSettings& settings, const std::string& pool_socket) {
  if (settings.status_socket == kNoStatusSocket) return "";
  return settings.status_socket.empty() ? with_end(pool_socket, ".status") : settings.status_socket;
}

std::string control_socket_of(const std::string& status_socket) {
  return with_end(status_socket, ".control");
}

}  // namespace ssync
