// All settings as a configuration, with where each comes from.
#pragma once

#include <string>

#include "common/config/settings.h"

namespace ssync {

// The text of a worker.conf that has these settings, an option a line: what --check prints. Options from the
// same section of a file stand together under a comment that names it; those with their defaults come last.
std::string effective_text(const Settings& settings);

}  // namespace ssync
