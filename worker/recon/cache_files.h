// The files in which Swift's daemons leave what they did last, for recon.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "worker/recon/python_json.h"

namespace ssync {

// Whether it is worth a line in the log if a file is not there.
enum class MissingCache { is_logged, is_usual };

// An object with these keys and their values in the file, null for those that it does not have. If the file
// cannot be read or makes no sense all are null, and the log says why (ReconMiddleware._from_recon_cache).
Json cached_values(const std::string& path, std::span<const std::string_view> keys, MissingCache missing);

}  // namespace ssync
