// Swift's locks between processes: flock on hidden files in a directory, so that Swift's daemons and
// our workers exclude each other.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/fd.h"

namespace ssync {

// The lock was not had in time. what() is Swift's text: "10 seconds: /srv/node/sda1/objects/7/.lock".
class LockTimeout : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Raised when the wait was given up because the process is to stop.
class LockInterrupted : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct LockRequest {
  std::string directory;
  std::string name;               // ".lock-<name>"; empty: ".lock"
  int limit = 1;                  // any one of .lock, .lock-1, … .lock-(limit-1); all are made
  double timeout = 10.0;          // seconds
  std::string timeout_text;       // how Python prints that number: "10", "14.99"
  std::function<bool()> give_up;  // asked between attempts; may be empty
};

// Held until destroyed.
class PathLock {
 public:
  // Makes the directory if need be, tries every 10 ms (after the first hundredth of the timeout: every
  // hundredth). Equals swift.common.utils.lock_path. Throws LockTimeout, LockInterrupted, OsError.
  explicit PathLock(const LockRequest& request);

  // The directories that had to be made, for whoever promises that their names are on disk.
  [[nodiscard]] const std::vector<std::string>& made_directories() const noexcept { return made_; }

  // The first of the lock's files, open for writing: the one that is held, where limit is 1.
  [[nodiscard]] int first_file() const noexcept { return files_.front().get(); }

 private:
  std::vector<Fd> files_;
  std::vector<std::string> made_;
};

// The lock around each change of a partition's hashes.invalid and hashes.pkl: <partition>/.lock, for Swift's
// default of 10 s. Throws as PathLock does.
PathLock lock_hashes(const std::string& partition_dir);

// Makes path and what is missing above it; returns those made, outermost first. A directory that is
// there already is no error. Throws OsError.
std::vector<std::string> make_directories(const std::string& path);

}  // namespace ssync
