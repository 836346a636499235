// A mutex in memory that processes share, which a process that dies does not take with it.
#pragma once

#include <pthread.h>

namespace ssync {

class RobustMutex {
 public:
  // The object must lie in memory that is shared by all processes that use it. Throws OsError.
  RobustMutex();
  ~RobustMutex();
  RobustMutex(const RobustMutex&) = delete;
  RobustMutex& operator=(const RobustMutex&) = delete;

  // Waits for the mutex. True if the process that held it died: what it guards may be half changed, and has
  // to be repaired before unlock(). Throws OsError.
  [[nodiscard]] bool lock();
  void unlock() noexcept;

 private:
  pthread_mutex_t mutex_{};
};

// Holds the mutex of what need not be repaired after a death.
class RobustLock {
 public:
  explicit RobustLock(RobustMutex& mutex) : mutex_(mutex) { static_cast<void>(mutex_.lock()); }
  ~RobustLock() { mutex_.unlock(); }
  RobustLock(const RobustLock&) = delete;
  RobustLock& operator=(const RobustLock&) = delete;

 private:
  RobustMutex& mutex_;
};

}  // namespace ssync
