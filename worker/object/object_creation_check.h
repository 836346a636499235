// Swift's checks of a PUT's or POST's headers, before it accesses the disk (swift.common.constraints).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/config/swift_conf.h"
#include "common/layout/object_name.h"
#include "common/layout/timestamp.h"
#include "worker/protocol/subrequest.h"

namespace ssync {

// Parses X-Timestamp; nullptr if it is missing. Throws HttpError 400 if it is missing or invalid
// (constraints.valid_timestamp), and OverflowError for an infinite one, which is a 500 in Swift.
Timestamp valid_timestamp(const std::string* x_timestamp);
inline Timestamp valid_timestamp(const SubrequestHeaders& headers) {
  return valid_timestamp(headers.find("X-Timestamp"));
}

// X-Delete-At in seconds, or the nearest number that an int64 holds; 0 if it is missing or empty. Throws
// HttpError 400 for what is no integer, and OverflowError for one that no float holds, which is a 500 in
// Swift.
std::int64_t sent_delete_at(const SubrequestHeaders& headers);

// Throws HttpError 400 for metadata over the limits (constraints.check_metadata).
void check_metadata(const SubrequestHeaders& headers, const SwiftConstraints& limits);

// Throws HttpError (400, 411, 413, 501) as constraints.check_object_creation answers for replication
// requests. Turns X-Delete-After into X-Delete-At, as Swift does.
void check_object_creation(SubrequestHeaders& headers, const ObjectName& name, const Timestamp& timestamp,
                           const SwiftConstraints& constraints);

// The size according to the headers; nullopt for a chunked transfer encoding without a size. Throws HttpError
// 400.
std::optional<std::int64_t> expected_size(const SubrequestHeaders& headers);

}  // namespace ssync
