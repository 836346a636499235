// What a request for replication asks for: a session, or the hashes of a partition.
#pragma once

#include "common/disk_threads.h"
#include "common/settings.h"
#include "common/swift_conf.h"
#include "worker/http_status.h"
#include "worker/request_head.h"
#include "worker/ssync_receiver.h"

namespace ssync {

// The session that the request (SSYNC or REPLICATION) asks for. Throws HttpError for what is refused before
// the 200, in the order of Swift's checks: 412 (path not UTF-8), 405 (method), 503 (policy), 400 (path), 400
// (frag index), 507 (device).
Session open_session(const RequestHead& head, const ObjectServerSettings& settings, const SwiftConf& conf);

// Answers REPLICATE: the hashes of a partition's suffixes, or, if the path names suffixes, None after marking
// those as changed; both as a pickle of protocol 2 (ObjectController.REPLICATE). Refuses as open_session
// does; failures of the disk are a 500. Throws HttpError.
HttpAnswer answer_replicate(const RequestHead& head, const ObjectServerSettings& settings,
                            const SwiftConf& conf, DiskThreads& threads);

}  // namespace ssync
