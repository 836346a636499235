// The path of a subrequest.
#pragma once

#include <string>

#include "common/layout/object_name.h"

namespace ssync {

// The object named by a path that is sent to this device and partition (swob.Request.blank, then
// get_obj_name_and_placement). Throws HttpError: 412 if it is not UTF-8; 400 for a path or reserved name that
// Swift refuses, and for a path outside the partition.
ObjectName parse_subrequest_path(const std::string& device, const std::string& partition,
                                 const std::string& path, const std::string& auto_create_account_prefix);

// Throws ValueError for a path with an empty account or container, which ends the session: in Swift 2.38 the
// line of the log for the 400 cannot be written (swift.common.utils.logs.get_log_line).
void require_no_empty_segment(const std::string& device, const std::string& partition,
                              const std::string& path);

}  // namespace ssync
