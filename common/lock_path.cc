#include "common/lock_path.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include "common/errors.h"

namespace ssync {
namespace {

constexpr int kMakeAttempts = 4;

bool is_directory(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

bool lock_any(const std::vector<Fd>& files, const std::string& lock_path) {
  return std::any_of(files.begin(), files.end(), [&](const Fd& file) {
    while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return false;
      if (errno != EINTR) throw_os_error(lock_path);
    }
    return true;
  });
}

}  // namespace

std::vector<std::string> make_directories(const std::string& path) {
  std::vector<std::string> made;
  const bool has_parent = path != "/" && path.find('/') != std::string::npos;
  for (int attempt = 1;; ++attempt) {
    if (::mkdir(path.c_str(), 0777) == 0) {
      made.push_back(path);
      return made;
    }
    if (errno != ENOENT || !has_parent || attempt == kMakeAttempts) break;
    // They may be gone again by then: whoever hashes a suffix removes it if it is empty.
    for (std::string& above : make_directories(parent_of(path))) made.push_back(std::move(above));
  }
  if (errno != EEXIST) throw_os_error(path);
  if (!is_directory(path)) throw OsError(EEXIST, path);
  return made;
}

PathLock::PathLock(const LockRequest& request) {
  using Clock = std::chrono::steady_clock;
  made_ = make_directories(request.directory);
  const std::string base = request.directory + (request.name.empty() ? "/.lock" : "/.lock-" + request.name);
  for (int i = 0; i < request.limit; ++i) {
    const std::string path = i == 0 ? base : base + "-" + std::to_string(i);
    Fd file = open_file(path, O_WRONLY | O_CREAT);
    if (!file) throw_os_error(path);
    files_.push_back(std::move(file));
  }
  const auto seconds = [](double count) {
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(count));
  };
  const Clock::time_point start = Clock::now();
  const Clock::time_point deadline = start + seconds(request.timeout);
  const double hundredth = request.timeout * 0.01;
  double pause = 0.01;
  while (!lock_any(files_, base)) {
    if (request.give_up && request.give_up()) throw LockInterrupted("interrupted waiting for " + base);
    const Clock::time_point now = Clock::now();
    if (now >= deadline) {
      throw LockTimeout(request.timeout_text + (request.timeout == 1.0 ? " second: " : " seconds: ") + base);
    }
    if (now - start > seconds(hundredth)) pause = std::max(0.01, hundredth);
    std::this_thread::sleep_for(std::min(seconds(pause), deadline - now));
  }
}

PathLock lock_hashes(const std::string& partition_dir) {
  return PathLock(LockRequest{.directory = partition_dir,
                              .name = "",
                              .limit = 1,
                              .timeout = 10,
                              .timeout_text = "10",
                              .give_up = {}});
}

}  // namespace ssync
