// Settings for serving requests: the options of Swift's object server application.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ssync {

// How a session's objects become durable: in batches, or each one before the next is read.
enum class CommitMode { group, each };

// Times in seconds, sizes in bytes.
struct ReceiverSettings {
  bool replication_server = true;
  double client_timeout = 60.0;
  std::int64_t network_chunk_size = 65536;
  std::int64_t max_upload_time = 86400;
  int replication_concurrency_per_device = 1;  // 0: no limit
  int replication_lock_timeout = 15;
  int replication_failure_threshold = 100;
  double replication_failure_ratio = 1.0;
  std::vector<std::string> allowed_headers;  // lower case, Swift's default list if not set
  bool keep_cache_private = false;
  bool log_requests = true;
  CommitMode durability = CommitMode::group;  // [worker]
};

}  // namespace ssync
