#include "common/store/unfinished_session.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "common/os/errors.h"
#include "common/os/log.h"

namespace ssync {
namespace {

bool set_size(int file, off_t size) {
  while (::ftruncate(file, size) != 0) {
    if (errno != EINTR) return false;
  }
  return true;
}

}  // namespace

UnfinishedSession::UnfinishedSession(int file, std::string path) : file_(file), path_(std::move(path)) {
  struct stat status {};
  if (::fstat(file_, &status) != 0) throw_os_error(path_);
  if (status.st_size == 0) return;
  log::warning("{}: the previous session was killed; syncing the file system", path_);
  if (::syncfs(file_) != 0) throw_os_error(path_);
  is_marked_ = true;
}

UnfinishedSession::~UnfinishedSession() {
  if (is_marked_ && !set_size(file_, 0)) {
    log::warning("Cannot clear the session mark, the next session will sync the whole file system: {}",
                 OsError(errno, path_).what());
  }
}

void UnfinishedSession::begin() {
  if (is_marked_) return;
  if (!set_size(file_, 1)) throw_os_error(path_);
  is_marked_ = true;
}

}  // namespace ssync
