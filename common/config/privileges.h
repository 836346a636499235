// Dropping root privileges.
#pragma once

#include <string>

namespace ssync {

// Switches permanently to this user (swift.common.utils.drop_privileges), if the process is root and user is
// not empty. Throws ConfigError, with the section where the option is, if the user does not exist or the
// switch fails.
void drop_privileges(const std::string& user, const std::string& section);

}  // namespace ssync
