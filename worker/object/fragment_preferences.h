// X-Backend-Fragment-Preferences: which fragments of an object are acceptable.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "common/layout/object_files.h"

namespace ssync {

// Reads the header, JSON as in `[{"timestamp": "1700000000.00000", "exclude": [1, 3]}]`. nullopt if it is not
// JSON, or null. Throws ValueError for JSON that is not such a list (ECDiskFile._validate_frag_prefs, a 500).
std::optional<std::vector<FragmentPreference>> parse_fragment_preferences(std::string_view header);

}  // namespace ssync
