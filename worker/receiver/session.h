// A replication session with a valid request.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/config/receiver_settings.h"
#include "common/layout/partition.h"
#include "common/store/commit_queue.h"
#include "worker/protocol/dialect.h"

namespace ssync {

struct Session {
  const ReceiverSettings& settings;
  Partition partition;
  std::string device;
  Dialect dialect = Dialect::ssync;
  std::optional<std::int64_t> frag_index = {};  // X-Backend-Ssync-Frag-Index; replication policies ignore it
  bool tell_held = false;     // X-Backend-Ssync-Tell-Held: the sender asks what is here at the end
  bool list_follows = false;  // X-Backend-Ssync-List-Follows: all of its list comes with the request
  std::string remote_addr = {};
  CommitLimits commit_limits = {};
};

}  // namespace ssync
