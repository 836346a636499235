// Settings of the pool: [worker], and Swift's process options.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/os/process_priority.h"

namespace ssync {

struct PoolSettings {
  int workers = 12;                                      // processes that serve requests
  std::string socket = "/run/ssync-worker/worker.sock";  // empty: inherited (descriptor 0, systemd)
  unsigned socket_mode = 0660;                           // octal in the file
  std::string socket_owner;                              // user and group names; empty: unchanged
  std::string socket_group;
  // Where the status process listens; empty: where the pool does, with ".status" behind the path; "off":
  // there is none.
  std::string status_socket;
  int backlog = 4096;
  std::string pid_file;             // empty: none
  int replication_concurrency = 4;  // sessions at once; 0: no limit
  // How fast sessions may go on each device: bytes and objects a second, 0 for no limit; and the share of
  // each second in which they leave it alone.
  std::int64_t bandwidth_per_device = 0;
  std::int64_t objects_per_device = 0;
  double idle_share = 0;
  ProcessPriority priority;
  std::string user;  // set explicitly: drop root's privileges to it; empty: stay
};

inline constexpr std::string_view kNoStatusSocket = "off";

}  // namespace ssync
