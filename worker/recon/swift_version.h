// The version of Swift that is installed on this machine.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ssync {

// Where Python's packages are: of Debian, of others, and of what pip installs. A '*' stands for any text.
std::span<const std::string_view> python_package_directories();

// The version in the name of Swift's metadata (swift-2.30.1.egg-info, swift-2.30.1.dist-info) in the first of
// the directories that has it; nullopt if none does. What `swift.__version__` is for Swift's own daemons.
std::optional<std::string> installed_swift_version(std::span<const std::string_view> directories);

}  // namespace ssync
