#include "worker/request/target.h"

#include <utility>

#include "common/layout/device.h"
#include "common/python/text.h"
#include "common/python/url.h"
#include "worker/http/errors.h"
#include "worker/http/status.h"

namespace ssync {
namespace {

// Device and partition must each be one path segment (swift.common.utils.validate_device_partition).
void require_plain_name(const std::string& kind, const std::string& name) {
  // A NUL passes Swift's checks and fails in its system calls; in ours it would silently truncate the path.
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos ||
      name.find('\0') != std::string::npos) {
    throw HttpError(text_answer(400, "Invalid " + kind + ": " + python::quote(name)));
  }
}

}  // namespace

std::string decoded_path(const RequestHead& head) {
  std::string path = python::unquote(head.uri.substr(0, head.uri.find('?')));
  if (path.empty() || !python::is_utf8(path)) {
    throw HttpError(HttpAnswer{.status = 412, .body = "Invalid UTF8 or contains NULL"});
  }
  return path;
}

const StoragePolicy& requested_policy(const RequestHead& head, const SwiftConf& conf) {
  const StoragePolicy* policy = conf.policies.from_header(head.policy_index);
  if (policy == nullptr) {
    throw HttpError(text_answer(503, "No policy with index " + head.policy_index.value_or("None")));
  }
  return *policy;
}

std::vector<std::string> path_segments(const std::string& path, std::size_t min_segments,
                                       std::size_t max_segments, Rest rest) {
  auto segments = split_path(path, min_segments, max_segments, rest);
  // Swift quotes the path as Latin-1 text.
  if (!segments) {
    throw HttpError(text_answer(400, "Invalid path: " + python::quote(python::latin1_to_utf8(path))));
  }
  require_plain_name("device", (*segments)[0]);
  require_plain_name("partition", (*segments)[1]);
  return *std::move(segments);
}

Partition requested_partition(const std::vector<std::string>& segments, const StoragePolicy& policy,
                              const Configuration& configuration) {
  const DiskSettings& settings = configuration.settings.disk;
  const auto device_path = usable_device(settings, segments[0]);
  if (!device_path) throw HttpError(standard_answer(507, segments[0]));
  return Partition{.settings = settings,
                   .conf = configuration.swift,
                   .policy = policy,
                   .device_path = *device_path,
                   .name = segments[1]};
}

}  // namespace ssync
