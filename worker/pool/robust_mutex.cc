#include "worker/pool/robust_mutex.h"

#include <cerrno>
#include <memory>

#include "common/os/errors.h"

namespace ssync {
namespace {

void require(int error) {
  if (error != 0) throw OsError(error, "mutex of the pool");
}

}  // namespace

RobustMutex::RobustMutex() {
  pthread_mutexattr_t attributes;
  require(::pthread_mutexattr_init(&attributes));
  const std::unique_ptr<pthread_mutexattr_t, int (*)(pthread_mutexattr_t*)> owner(
      &attributes, ::pthread_mutexattr_destroy);
  require(::pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED));
  require(::pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST));
  require(::pthread_mutex_init(&mutex_, &attributes));
}

RobustMutex::~RobustMutex() { ::pthread_mutex_destroy(&mutex_); }

bool RobustMutex::lock() {
  const int error = ::pthread_mutex_lock(&mutex_);
  if (error == 0) return false;
  if (error != EOWNERDEAD) throw OsError(error, "mutex of the pool");
  require(::pthread_mutex_consistent(&mutex_));
  return true;
}

void RobustMutex::unlock() noexcept { ::pthread_mutex_unlock(&mutex_); }

}  // namespace ssync
