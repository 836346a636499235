// What /proc says about the machine, as recon reports it.
#pragma once

#include <string_view>

#include "worker/recon/python_json.h"

namespace ssync {

// Each takes the text of the file in /proc that it is named for, and throws std::exception for one that it
// does not know. ReconMiddleware.get_load, get_mem, get_mounted and get_socket_info.

// /proc/loadavg: {"1m": 0.5, "5m": …, "15m": …, "tasks": "1/200", "processes": 4711}.
Json load_average(std::string_view loadavg);
// /proc/meminfo: {"MemTotal": "4030000 kB", …}.
Json memory(std::string_view meminfo);
// /proc/mounts: [{"device": "/dev/sda1", "path": "/srv/node/sda1"}, …].
Json mounts(std::string_view mounts);
// /proc/net/sockstat and sockstat6; memory in bytes.
Json sockets(std::string_view sockstat, std::string_view sockstat6);

}  // namespace ssync
