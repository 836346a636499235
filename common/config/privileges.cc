#include "common/config/privileges.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/config/errors.h"

namespace ssync {
namespace {

[[noreturn]] void refuse_user(const std::string& user, const std::string& section,
                              const std::string& problem) {
  throw ConfigError("[" + section + "] user = " + user + ": " + problem);
}

}  // namespace

void drop_privileges(const std::string& user, const std::string& section) {
  if (user.empty() || ::geteuid() != 0) return;
  const passwd* entry = ::getpwnam(user.c_str());
  if (entry == nullptr) {
    refuse_user(user, section, "unknown user; give an existing one, or root");
  }
  if (entry->pw_uid != 0 && (::initgroups(user.c_str(), entry->pw_gid) < 0 || ::setgid(entry->pw_gid) < 0 ||
                             ::setuid(entry->pw_uid) < 0)) {
    refuse_user(user, section,
                std::string("cannot become that user: ") + std::strerror(errno) +
                    "; start with CAP_SETUID and CAP_SETGID");
  }
}

}  // namespace ssync
