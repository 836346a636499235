#include "common/ring/watched_ring.h"

#include <sys/stat.h>

#include <utility>

#include "common/os/log.h"
#include "common/ring/errors.h"

namespace ssync {

// Looked at before it is read: a file that replaces it meanwhile is read once more.
WatchedRing::WatchedRing(std::string path)
    : path_(std::move(path)), tried_(identity_of(path_)), ring_(std::make_shared<const Ring>(path_)) {}

std::optional<FileIdentity> WatchedRing::identity_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return FileIdentity::of(status);
}

std::shared_ptr<const Ring> WatchedRing::get() const {
  const std::lock_guard lock(mutex_);
  return ring_;
}

bool WatchedRing::has_changed() const {
  const std::optional<FileIdentity> now = identity_of(path_);
  const std::lock_guard lock(mutex_);
  return now != tried_;
}

bool WatchedRing::reload() {
  const std::lock_guard one_at_a_time(reloading_);
  const std::optional<FileIdentity> now = identity_of(path_);
  {
    const std::lock_guard lock(mutex_);
    if (now == tried_) return false;
    tried_ = now;
  }
  try {
    auto read = std::make_shared<const Ring>(path_);
    const std::lock_guard lock(mutex_);
    ring_.swap(read);
    return true;
  } catch (const RingError& error) {
    log::error("{}; the ring that was read before stays in use until the file changes", error.what());
    return false;
  }
}

}  // namespace ssync
