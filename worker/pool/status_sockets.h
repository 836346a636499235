// Where the status process listens.
#pragma once

#include <string>

#include "common/config/pool_settings.h"

namespace ssync {

// The path of a unix socket, also of one that was inherited. Empty: it has none.
std::string path_of_socket(int fd);

// For nginx: status_socket, or the path of the pool's socket with ".status" behind it. Empty: nowhere.
std::string status_socket_of(const PoolSettings& settings, const std::string& pool_socket);

// For ssyncctl: the former with ".control" behind it. Empty: nowhere.
std::string control_socket_of(const std::string& status_socket);

}  // namespace ssync
