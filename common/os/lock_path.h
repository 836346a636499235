// Swift's locks between processes: flock on hidden files in a directory, so that Swift's daemons and
// our workers exclude each other.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/os/errors.h"
#include "common/os/fd.h"

namespace ssync {

struct LockRequest {
  std::string directory;
  std::string name;               // ".lock-<name>"; empty: ".lock"
  int limit = 1;                  // any one of .lock, .lock-1, … .lock-(limit-1); all are created
  double timeout = 10.0;          // seconds
  std::string timeout_text;       // the timeout as Python prints it: "10", "14.99"
  std::function<bool()> give_up;  // called between attempts; may be empty
};

// The error of a lock that was not had in time. seconds: the timeout as Python prints it.
LockTimeout lock_timeout(const std::string& seconds, const std::string& lock_path);

// Held until destroyed.
class PathLock {
 public:
  // Creates the directory if necessary and retries every 10 ms (after the first hundredth of the timeout:
  // every hundredth of it). A lock file has to be a regular file: a symbolic link is not followed, and a FIFO
  // not waited for. Otherwise equals swift.common.utils.lock_path. Throws LockTimeout, Interrupted, OsError.
  explicit PathLock(const LockRequest& request);

  // The directories that were created; the caller has to sync their parents to make their names durable.
  [[nodiscard]] const std::vector<std::string>& made_directories() const noexcept { return made_; }

  // The first lock file, open for writing: the one that is locked if limit is 1.
  [[nodiscard]] int first_file() const noexcept { return files_.front().get(); }

 private:
  std::vector<Fd> files_;
  std::vector<std::string> made_;
};

}  // namespace ssync
