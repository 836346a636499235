// Settings of a replicator: the options of Swift's object-replicator, with its names, meanings and defaults.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/config/disk_settings.h"
#include "common/config/log_settings.h"
#include "common/config/statsd_settings.h"
#include "common/os/process_priority.h"

namespace ssync {

// Times in seconds, sizes in bytes.
struct ReplicatorSettings {
  ReplicatorSettings() { log.name = "object-replicator"; }

  // The port that a device of this node has in a ring; nullopt: any (is_local_device, as the replicator asks
  // it).
  [[nodiscard]] std::optional<int> ring_port() const {
    return servers_per_port == 0 ? std::optional(bind_port) : std::nullopt;
  }

  DiskSettings disk;
  LogSettings log;
  StatsdSettings statsd;
  std::string swift_dir = "/etc/swift";
  std::string user = "swift";  // drop root's privileges to it; empty: stay
  ProcessPriority priority;

  std::string ring_ip = "0.0.0.0";  // else bind_ip
  int bind_port = 6200;             // not read with servers_per_port
  int servers_per_port = 0;

  int concurrency = 1;         // jobs at once in each process
  int replicator_workers = 0;  // processes; 0: all in the first one
  bool daemonize = true;       // false: one pass, as with --once
  double interval = 30;        // between two passes; else run_pause
  double stats_interval = 300;
  double ring_check_interval = 15;

  std::int64_t http_timeout = 60;
  double node_timeout = 10;
  double conn_timeout = 0.5;
  std::int64_t network_chunk_size = 65536;

  // Ours. At most so many bytes a second are sent to a device elsewhere, and from a device of this node; 0:
  // no limit.
  std::int64_t bandwidth_per_peer = 0;    // ssync_bandwidth_per_peer
  std::int64_t bandwidth_per_device = 0;  // ssync_bandwidth_per_device

  bool handoffs_first = false;
  int handoff_delete = 0;  // primaries that have to have a handoff's objects; 0: all (auto)

  std::string recon_cache_path = "/var/cache/swift";

  // What Swift's replicator warns of when it starts, word for word.
  std::vector<std::string> warnings;
};

}  // namespace ssync
