// Handles replication requests: sessions, and the hashes of a partition.
#pragma once

#include "common/config/configuration.h"
#include "common/os/disk_threads.h"
#include "worker/http/status.h"
#include "worker/receiver/session.h"
#include "worker/request/head.h"

namespace ssync {

// The session for an SSYNC or REPLICATION request. Throws HttpError for a request that is refused before the
// 200, in the order of Swift's checks: 412 (path not UTF-8), 405 (method), 503 (policy), 400 (path), 400
// (frag index), 507 (device).
Session open_session(const RequestHead& head, const Configuration& configuration);

// Answers REPLICATE: the hashes of a partition's suffixes, or, if the path names suffixes, None after marking
// those as changed; both as a pickle of protocol 2 (ObjectController.REPLICATE). Refuses requests as
// open_session does; disk errors give a 500. Throws HttpError.
HttpAnswer answer_replicate(const RequestHead& head, const Configuration& configuration,
                            DiskThreads& threads);

}  // namespace ssync
