// Swift's reserved namespace: names that begin with a NUL.
#pragma once

#include <string>

#include "common/layout/object_name.h"

namespace ssync {

// Throws HttpError 400 for a NUL elsewhere in a name, and for a mixture of reserved and other names
// (swift.common.request_helpers.validate_internal_obj).
void check_reserved_namespace(const ObjectName& name, const std::string& auto_create_account_prefix);

}  // namespace ssync
