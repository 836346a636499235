#include "worker/pool/replication_slots.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "common/os/errors.h"

namespace ssync {
namespace {

// Locks of the process, not of the open file (F_OFD_SETLK), because all workers share one open file.
int lock_byte(int fd, short type, int slot) noexcept {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = slot;
  lock.l_len = 1;
  int result = 0;
  do {
    result = ::fcntl(fd, F_SETLK, &lock);
  } while (result < 0 && errno == EINTR);
  return result;
}

}  // namespace

ReplicationSlots::ReplicationSlots(int count)
    : fd_(::memfd_create("replication-slots", MFD_CLOEXEC)), count_(count) {
  if (fd_ < 0) throw_os_error("replication slots");
}

ReplicationSlots::~ReplicationSlots() { ::close(fd_); }

bool ReplicationSlots::try_acquire() {
  if (count_ == 0 || held_ >= 0) return true;
  for (int slot = 0; slot < count_; ++slot) {
    if (lock_byte(fd_, F_WRLCK, slot) == 0) {
      held_ = slot;
      return true;
    }
    if (errno != EAGAIN && errno != EACCES) throw_os_error("replication slots");
  }
  return false;
}

void ReplicationSlots::release() noexcept {
  if (held_ >= 0) {
    lock_byte(fd_, F_UNLCK, held_);
    held_ = -1;
  }
}

}  // namespace ssync
