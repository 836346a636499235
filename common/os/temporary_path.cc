#include "common/os/temporary_path.h"

#include <unistd.h>

#include <cerrno>

#include "common/os/errors.h"
#include "common/os/log.h"

namespace ssync {

TemporaryPath::~TemporaryPath() {
  if (!path_.empty() && ::unlink(path_.c_str()) != 0) {
    log::error("Error removing tempfile: {}", OsError(errno, path_).what());
  }
}

}  // namespace ssync
