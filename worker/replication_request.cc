#include "worker/replication_request.h"

#include <algorithm>

#include "common/device.h"
#include "common/errors.h"
#include "common/object_name.h"
#include "common/python_text.h"
#include "worker/http_status.h"

namespace ssync {
namespace {

const StoragePolicy& requested_policy(const RequestHead& head, const SwiftConf& conf) {
  const StoragePolicy* policy = conf.policies.from_header(head.policy_index);
  if (policy == nullptr) {
    throw HttpError(text_answer(503, "No policy with index " + head.policy_index.value_or("None")));
  }
  if (policy->type != PolicyType::replication) {
    throw HttpError(text_answer(503, "Policy " + std::to_string(policy->index) +
                                         " is erasure coded, which this server does not receive yet"));
  }
  return *policy;
}

std::optional<std::int64_t> requested_frag_index(const RequestHead& head) {
  if (!head.frag_index || head.frag_index->empty()) return std::nullopt;
  try {
    return python::parse_int(*head.frag_index, 10);
  } catch (const ValueError&) {
    throw HttpError(HttpAnswer{.status = 400,
                               .body = "Invalid X-Backend-Ssync-Frag-Index " +
                                       python::repr_text(python::latin1_to_utf8(*head.frag_index))});
  }
}

// Both must be one segment of a path (swift.common.utils.validate_device_partition).
void require_plain_name(const std::string& kind, const std::string& name) {
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos) {
    throw HttpError(text_answer(400, "Invalid " + kind + ": " + python::quote(name)));
  }
}

}  // namespace

RequestHead RequestHead::from_params(const std::function<std::optional<std::string>(const char*)>& param) {
  return {.method = param("REQUEST_METHOD").value_or(""),
          .uri = param("REQUEST_URI").value_or(""),
          .remote_addr = param("REMOTE_ADDR").value_or("-"),
          .transaction_id = param("HTTP_X_TRANS_ID").value_or("-"),
          .referer = param("HTTP_REFERER").value_or("-"),
          .user_agent = param("HTTP_USER_AGENT").value_or("-"),
          .policy_index = param("HTTP_X_BACKEND_STORAGE_POLICY_INDEX"),
          .frag_index = param("HTTP_X_BACKEND_SSYNC_FRAG_INDEX")};
}

Session open_session(const RequestHead& head, const ObjectServerSettings& settings, const SwiftConf& conf) {
  const std::string path = python::unquote(head.uri.substr(0, head.uri.find('?')));
  if (path.empty() || !python::is_utf8(path)) {
    throw HttpError(HttpAnswer{.status = 412, .body = "Invalid UTF8 or contains NULL"});
  }
  const bool is_session = head.method == "SSYNC" || head.method == "REPLICATION";
  if (!is_session || !settings.replication_server) throw HttpError(standard_answer(405));
  const StoragePolicy& policy = requested_policy(head, conf);
  const auto segments = split_path(path, 2, 2, Rest::refuse);
  if (!segments) throw HttpError(text_answer(400, "Invalid path: " + python::quote(path)));
  const std::string& device = (*segments)[0];
  const std::string& partition = (*segments)[1];
  require_plain_name("device", device);
  require_plain_name("partition", partition);
  const auto frag_index = requested_frag_index(head);
  // A NUL passes Swift's checks and fails in its system calls; ours would silently cut the path there.
  if (path.find('\0') != std::string::npos) {
    throw HttpError(text_answer(400, "Invalid path: " + python::quote(path)));
  }
  const auto device_path = usable_device(settings, device);
  if (!device_path) throw HttpError(standard_answer(507, device));
  return Session{.partition = Partition{.settings = settings,
                                        .conf = conf,
                                        .policy = policy,
                                        .device_path = *device_path,
                                        .name = partition},
                 .device = device,
                 .dialect = head.method == "SSYNC" ? Dialect::ssync : Dialect::replication_2013,
                 .frag_index = frag_index,
                 .remote_addr = head.remote_addr};
}

}  // namespace ssync
