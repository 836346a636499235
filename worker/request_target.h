// Policy, device and partition that a request names, refused as Swift's object server refuses them
// (swift.common.request_helpers.get_name_and_placement).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "common/object_name.h"
#include "common/partition.h"
#include "common/settings.h"
#include "common/swift_conf.h"
#include "worker/request_head.h"

namespace ssync {

// All of them throw HttpError.

// The path without its query, decoded. 412 unless it is UTF-8.
std::string decoded_path(const RequestHead& head);

// 503 for a policy that is not there.
const StoragePolicy& requested_policy(const RequestHead& head, const SwiftConf& conf);

// "/<device>/<partition>" and as much more as the numbers and rest allow, both names valid. 400.
std::vector<std::string> path_segments(const std::string& path, std::size_t min_segments,
                                       std::size_t max_segments, Rest rest);

// From those segments. 507 for a device that is not there. The result refers to policy, settings and conf.
Partition requested_partition(const std::vector<std::string>& segments, const StoragePolicy& policy,
                              const ObjectServerSettings& settings, const SwiftConf& conf);

}  // namespace ssync
