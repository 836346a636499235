#include "worker/pool/pid_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "common/config/errors.h"
#include "common/os/log.h"

namespace ssync {

PidFile::PidFile(std::string path) : path_(std::move(path)) {
  // After an upgrade without a restart it is there, and the process may no longer be allowed to write it.
  pid_t pid = 0;
  if (path_.empty() || (std::ifstream(path_) >> pid && pid == ::getpid())) return;
  std::ofstream file(path_, std::ios::trunc);
  file << ::getpid() << '\n' << std::flush;
  if (!file) {
    throw ConfigError("[worker] pid_file = " + path_ + ": cannot be written: " + std::strerror(errno) +
                      "; create its directory, or give another path");
  }
}

PidFile::~PidFile() {
  pid_t pid = 0;
  if (!path_.empty() && std::ifstream(path_) >> pid && pid == ::getpid() && ::unlink(path_.c_str()) < 0) {
    log::warning("{}: cannot remove the pid file: {}", path_, std::strerror(errno));
  }
}

}  // namespace ssync
