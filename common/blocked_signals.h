// Signals are the business of the thread that serves requests: others are started while all are blocked.
#pragma once

#include <pthread.h>

#include <csignal>

namespace ssync {

// All signals are blocked in this thread, and in threads that it starts, while this lives; then as before.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockedSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace ssync
