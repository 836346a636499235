// Which names of code in a configuration are Swift's own.
#pragma once

#include <string_view>

#include "common/config/storage_policy.h"

namespace ssync {

// True if an application's factory is Swift's object server: `use = egg:swift#object`,
// `use = call:swift.obj.server:app_factory`, or `paste.app_factory = swift.obj.server:app_factory`.
bool is_swifts_object_server(std::string_view option, std::string_view value);

// True if a filter's factory is Swift's middleware of this name, e.g. `use = egg:swift#recon` for "recon".
bool is_swifts_filter(std::string_view option, std::string_view value, std::string_view name);

// True if a policy's diskfile_module is the one of Swift's that stores policies of this type as files
// (swift.common.utils.load_pkg_resource).
bool is_swifts_diskfile_module(std::string_view value, PolicyType type);

}  // namespace ssync
