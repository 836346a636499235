// Handles replication requests: sessions, and the hashes of a partition.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/config/configuration.h"
#include "common/os/disk_threads.h"
#include "worker/http/status.h"
#include "worker/receiver/session.h"
#include "worker/request/head.h"

namespace ssync {

// An SSYNC or REPLICATION request as far as it can be checked without touching a disk.
struct SessionRequest {
  const StoragePolicy& policy;
  std::vector<std::string> segments;  // device, partition
  std::optional<std::int64_t> frag_index;
};

// Throws HttpError for a request that is refused before the 200, in the order of Swift's checks: 412 (path
// not UTF-8), 405 (method), 503 (policy), 400 (path), 400 (frag index).
SessionRequest check_session(const RequestHead& head, const Configuration& configuration);

// The session for such a request. Throws HttpError (507) for a missing device.
Session open_session(const SessionRequest& request, const RequestHead& head,
                     const Configuration& configuration);

// Answers REPLICATE: the hashes of a partition's suffixes, or, if the path names suffixes, None after marking
// those as changed; both as a pickle of protocol 2 (ObjectController.REPLICATE). Refuses requests as
// a session does; disk errors give a 500. Throws HttpError.
HttpAnswer answer_replicate(const RequestHead& head, const Configuration& configuration,
                            DiskThreads& threads);

}  // namespace ssync
