// worker.conf, and under it an operator's object-server.conf: Swift's option names, meanings and
// defaults.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ssync {

// How the objects of a session become durable: in batches, or each before the next is read.
enum class CommitMode { group, each };

// [worker]: what is ours.
struct PoolSettings {
  int workers = 8;                                       // processes that serve requests
  std::string socket = "/run/ssync-worker/worker.sock";  // empty: inherited (descriptor 0, systemd)
  unsigned socket_mode = 0660;                           // octal in the file
  std::string socket_owner;                              // user and group names; empty: unchanged
  std::string socket_group;
  int backlog = 4096;
  CommitMode durability = CommitMode::group;
  std::string swift_dir = "/etc/swift";
  std::string object_server_conf;     // empty: none
  std::string log_target = "stderr";  // stderr | syslog | a file's absolute path
  std::string pid_file;               // empty: none
};

// fallocate_reserve: bytes, or a percentage of the device.
struct FallocateReserve {
  double amount = 1.0;
  bool is_percent = true;
};

// [object-server]: Swift's options with a meaning here. Times in seconds, sizes in bytes.
struct ObjectServerSettings {
  std::string devices = "/srv/node";
  bool mount_check = true;
  bool disable_fallocate = false;
  FallocateReserve fallocate_reserve;
  double client_timeout = 60.0;
  std::int64_t network_chunk_size = 65536;
  std::int64_t disk_chunk_size = 65536;
  std::int64_t keep_cache_size = 5242880;
  bool keep_cache_private = false;
  std::int64_t bytes_per_sync = 512LL * 1024 * 1024;  // mb_per_sync
  std::int64_t reclaim_age = 604800;
  double commit_window = 60.0;
  std::int64_t max_upload_time = 86400;
  bool replication_server = true;
  int replication_concurrency = 4;             // 0: no limit
  int replication_concurrency_per_device = 1;  // 0: no limit
  int replication_lock_timeout = 15;
  int replication_failure_threshold = 100;
  double replication_failure_ratio = 1.0;
  std::vector<std::string> allowed_headers;  // lower case, Swift's default list if not set
  bool log_requests = true;
  std::string log_name = "swift";
  std::string log_facility = "LOG_LOCAL0";
  std::string log_level = "INFO";
  std::string log_address = "/dev/log";
  std::string user;  // set explicitly: drop root's privileges to it; empty: stay
};

struct Settings {
  PoolSettings pool;
  ObjectServerSettings object_server;
  // Options that Swift knows and that have no effect here: "[section] option = value (file)".
  std::vector<std::string> without_effect;
};

// Reads worker.conf at path, and the file that object_server_conf names as the defaults under it.
// Throws ConfigError for a file that cannot be read, an option that neither we nor Swift know, a
// value that does not parse or is out of range, a devices directory that cannot be read, or a pool
// that is not larger than replication_concurrency; the message names file, section, option, value
// and remedy.
Settings load_settings(const std::string& path);

}  // namespace ssync
