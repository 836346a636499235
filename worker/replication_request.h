// A request for replication as nginx hands it over: its line and headers, and what they ask for.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "common/settings.h"
#include "common/swift_conf.h"
#include "worker/http_status.h"
#include "worker/ssync_receiver.h"

namespace ssync {

// What a request says before its body.
struct RequestHead {
  std::string method;
  std::string uri;  // raw, as on the wire
  std::string remote_addr;
  std::string transaction_id;  // X-Trans-Id
  std::string referer;
  std::string user_agent;
  std::optional<std::string> policy_index;  // X-Backend-Storage-Policy-Index
  std::optional<std::string> frag_index;    // X-Backend-Ssync-Frag-Index

  // param gives FastCGI's parameters by name.
  static RequestHead from_params(const std::function<std::optional<std::string>(const char*)>& param);
};

// The session that the request (SSYNC or REPLICATION) asks for. Throws HttpError for what is refused before
// the 200, in the order of Swift's checks: 412 (path not UTF-8), 405 (method), 503 (policy), 400 (path), 400
// (frag index), 507 (device).
Session open_session(const RequestHead& head, const ObjectServerSettings& settings, const SwiftConf& conf);

// Answers REPLICATE: the hashes of a partition's suffixes, or, if the path names suffixes, None after marking
// those as changed; both as a pickle of protocol 2 (ObjectController.REPLICATE). Refuses as open_session
// does; failures of the disk are a 500. Throws HttpError.
HttpAnswer answer_replicate(const RequestHead& head, const ObjectServerSettings& settings,
                            const SwiftConf& conf);

}  // namespace ssync
