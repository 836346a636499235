// Where the status process listens.
#pragma once

#include <string>

#include "common/config/pool_settings.h"

namespace ssync {

// For nginx: status_socket, or the pool's socket with ".status" behind it. Empty: nowhere.
std::string status_socket_of(const PoolSettings& settings);

// For ssyncctl: the former with ".control" behind it. Empty: nowhere.
std::string control_socket_of(const PoolSettings& settings);

}  // namespace ssync
