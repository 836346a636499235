// Policy, device and partition of a request, validated as in Swift's object server
// (swift.common.request_helpers.get_name_and_placement).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "common/config/configuration.h"
#include "common/layout/object_name.h"
#include "common/layout/partition.h"
#include "worker/request/head.h"

namespace ssync {

// All functions here throw HttpError with the status given.

// The path without its query, decoded. 412 if it is not UTF-8.
std::string decoded_path(const RequestHead& head);

// 503 for an unknown policy.
const StoragePolicy& requested_policy(const RequestHead& head, const SwiftConf& conf);

// The segments of "/<device>/<partition>…", as many as the limits and rest allow. 400 if the path or one of
// the two names is invalid.
std::vector<std::string> path_segments(const std::string& path, std::size_t min_segments,
                                       std::size_t max_segments, Rest rest);

// The partition for these segments. 507 for a missing device. The result refers to policy and configuration.
Partition requested_partition(const std::vector<std::string>& segments, const StoragePolicy& policy,
                              const Configuration& configuration);

}  // namespace ssync
