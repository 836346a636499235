// Splitting paths.
#pragma once

#include <string>

namespace ssync {

// "dirname" and "basename" of a path without a trailing slash.
std::string parent_of(const std::string& path);
std::string name_of(const std::string& path);

}  // namespace ssync
