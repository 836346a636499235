// Blocks signals in a scope, so that only one thread receives them, and only while it waits for them.
#pragma once

#include <csignal>
#include <initializer_list>

namespace ssync {

inline sigset_t signal_set(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  return set;
}

// Blocks signals in this thread, and in threads that it starts, for the lifetime of this object; then
// restores the previous mask.
class BlockedSignals {
 public:
  // Blocks all signals.
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  // Blocks these in addition to those already blocked.
  explicit BlockedSignals(std::initializer_list<int> signals) {
    const sigset_t set = signal_set(signals);
    ::pthread_sigmask(SIG_BLOCK, &set, &before_);
  }
  ~BlockedSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace ssync
