#include "worker/pool/status_sockets.h"

#include <cstddef>
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

std::string status_socket_of(const PoolSettings& settings) {
  if (settings.status_socket == kNoStatusSocket) return "";
  return settings.status_socket.empty() ? with_end(settings.socket, ".status") : settings.status_socket;
}

std::string control_socket_of(const PoolSettings& settings) {
  return with_end(status_socket_of(settings), ".control");
}

}  // namespace ssync
