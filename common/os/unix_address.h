// The address of a unix socket.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <optional>
#include <string>

namespace ssync {

// A path's address for bind(2), connect(2) and sendto(2).
class UnixAddress {
 public:
  // Bytes; the kernel takes no longer path.
  static constexpr std::size_t kLongestPath = sizeof(sockaddr_un::sun_path) - 1;

  // nullopt if the path is too long.
  static std::optional<UnixAddress> of(const std::string& path) {
    if (path.size() > kLongestPath) return std::nullopt;
    UnixAddress made;
    made.address_.sun_family = AF_UNIX;
    path.copy(static_cast<char*>(made.address_.sun_path), path.size());
    return made;
  }

  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address_); }
  [[nodiscard]] static socklen_t size() { return sizeof(sockaddr_un); }

 private:
  UnixAddress() = default;
  sockaddr_un address_{};
};

}  // namespace ssync
