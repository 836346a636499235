#include "worker/replication_request.h"

#include <spdlog/spdlog.h>

#include <exception>
#include <string_view>
#include <vector>

#include "common/device.h"
#include "common/errors.h"
#include "common/object_name.h"
#include "common/pickle.h"
#include "common/python_text.h"
#include "common/suffix_hashes.h"
#include "worker/http_status.h"

namespace ssync {
namespace {

const StoragePolicy& requested_policy(const RequestHead& head, const SwiftConf& conf) {
  const StoragePolicy* policy = conf.policies.from_header(head.policy_index);
  if (policy == nullptr) {
    throw HttpError(text_answer(503, "No policy with index " + head.policy_index.value_or("None")));
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

std::string decoded_path(const RequestHead& head) {
  std::string path = python::unquote(head.uri.substr(0, head.uri.find('?')));
  if (path.empty() || !python::is_utf8(path)) {
    throw HttpError(HttpAnswer{.status = 412, .body = "Invalid UTF8 or contains NULL"});
  }
  return path;
}

// Both must be one segment of a path (swift.common.utils.validate_device_partition).
void require_plain_name(const std::string& kind, const std::string& name) {
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos) {
    throw HttpError(text_answer(400, "Invalid " + kind + ": " + python::quote(name)));
  }
}

// "/<device>/<partition>" and as much more as max_segments and rest allow, both names valid.
std::vector<std::string> path_segments(const std::string& path, std::size_t max_segments, Rest rest) {
  auto segments = split_path(path, 2, max_segments, rest);
  if (!segments) throw HttpError(text_answer(400, "Invalid path: " + python::quote(path)));
  require_plain_name("device", (*segments)[0]);
  require_plain_name("partition", (*segments)[1]);
  return *std::move(segments);
}

Partition requested_partition(const std::string& path, const std::vector<std::string>& segments,
                              const StoragePolicy& policy, const ObjectServerSettings& settings,
                              const SwiftConf& conf) {
  // A NUL passes Swift's checks and fails in its system calls; ours would silently cut the path there.
  if (path.find('\0') != std::string::npos) {
    throw HttpError(text_answer(400, "Invalid path: " + python::quote(path)));
  }
  const auto device_path = usable_device(settings, segments[0]);
  if (!device_path) throw HttpError(standard_answer(507, segments[0]));
  return Partition{
      .settings = settings, .conf = conf, .policy = policy, .device_path = *device_path, .name = segments[1]};
}

std::vector<std::string> split_suffixes(std::string_view text) {
  std::vector<std::string> suffixes;
  for (;;) {
    const std::size_t end = text.find('-');
    suffixes.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return suffixes;
    text.remove_prefix(end + 1);
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
  const std::string path = decoded_path(head);
  const bool is_session = head.method == "SSYNC" || head.method == "REPLICATION";
  if (!is_session || !settings.replication_server) throw HttpError(standard_answer(405));
  const StoragePolicy& policy = requested_policy(head, conf);
  const std::vector<std::string> segments = path_segments(path, 2, Rest::refuse);
  const auto frag_index = requested_frag_index(head);
  return Session{.partition = requested_partition(path, segments, policy, settings, conf),
                 .device = segments[0],
                 .dialect = head.method == "SSYNC" ? Dialect::ssync : Dialect::replication_2013,
                 .frag_index = frag_index,
                 .remote_addr = head.remote_addr};
}

HttpAnswer answer_replicate(const RequestHead& head, const ObjectServerSettings& settings,
                            const SwiftConf& conf) {
  const std::string path = decoded_path(head);
  if (!settings.replication_server) throw HttpError(standard_answer(405));
  const StoragePolicy& policy = requested_policy(head, conf);
  const std::vector<std::string> segments = path_segments(path, 3, Rest::with_last);
  const Partition partition = requested_partition(path, segments, policy, settings, conf);
  try {
    if (segments.size() > 2 && !segments[2].empty()) {
      invalidate_suffixes(partition, split_suffixes(segments[2]));
      return {.status = 200, .body = pickle::dump(pickle::Value{pickle::None{}})};
    }
    return {.status = 200, .body = pickle::dump(pickle::Value{partition_hashes(partition)})};
  } catch (const std::exception& error) {
    spdlog::error("ERROR REPLICATE {}: {}", head.uri, error.what());
    throw HttpError(HttpAnswer{.status = 500, .body = error.what()});
  }
}

}  // namespace ssync
