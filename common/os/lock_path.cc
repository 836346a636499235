#include "common/os/lock_path.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include "common/os/directory.h"
#include "common/os/errors.h"
#include "common/os/fd.h"

namespace ssync {
namespace {

bool lock_any(const std::vector<Fd>& files, const std::string& lock_path) {
  return std::any_of(files.begin(), files.end(), [&](const Fd& file) {
    while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return false;
      if (errno != EINTR) throw_os_error(lock_path);
    }
    return true;
  });
}

// Swift follows a symbolic link here, and waits for the other end of a FIFO. What is not a regular file is
// not a lock.
Fd open_lock_file(const std::string& path) {
  Fd file = open_file(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK);
  if (!file) throw_os_error(path);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw_os_error(path);
  if (!S_ISREG(status.st_mode)) throw OsError(EINVAL, path);
  return file;
}

}  // namespace

LockTimeout lock_timeout(const std::string& seconds, const std::string& lock_path) {
  const bool is_one = seconds == "1" || seconds == "1.0";
  return LockTimeout(seconds + (is_one ? " second: " : " seconds: ") + lock_path);
}

PathLock::PathLock(const LockRequest& request) {
  using Clock = std::chrono::steady_clock;
  made_ = make_directories(request.directory);
  const std::string base = request.directory + (request.name.empty() ? "/.lock" : "/.lock-" + request.name);
  for (int i = 0; i < request.limit; ++i) {
    const std::string path = i == 0 ? base : base + "-" + std::to_string(i);
    files_.push_back(open_lock_file(path));
  }
  const auto seconds = [](double count) {
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(count));
  };
  const Clock::time_point start = Clock::now();
  const Clock::time_point deadline = start + seconds(request.timeout);
  const double hundredth = request.timeout * 0.01;
  double pause = 0.01;
  while (!lock_any(files_, base)) {
    if (request.give_up && request.give_up()) throw Interrupted("interrupted while waiting for " + base);
    const Clock::time_point now = Clock::now();
    if (now >= deadline) {
      throw lock_timeout(request.timeout_text, base);
    }
    if (now - start > seconds(hundredth)) pause = std::max(0.01, hundredth);
    std::this_thread::sleep_for(std::min(seconds(pause), deadline - now));
  }
}

}  // namespace ssync
