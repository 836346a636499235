#include "common/sync_threads.h"

#include <pthread.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <system_error>

namespace ssync {

SyncThreads::~SyncThreads() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  work_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void SyncThreads::start() {
  if (!threads_.empty()) return;
  // Signals are the business of the thread that serves requests.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    while (threads_.size() + 1 < count_) threads_.emplace_back([this] { run(); });
  } catch (const std::system_error& error) {
    spdlog::warn("{} of {} threads for syncing: {}", threads_.size() + 1, count_, error.what());
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void SyncThreads::take_tasks(std::unique_lock<std::mutex>& lock) {
  while (next_ < size_) {
    const std::size_t index = next_++;
    lock.unlock();
    (*task_)(index);
    lock.lock();
    if (--unfinished_ == 0) done_.notify_one();
  }
}

void SyncThreads::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    work_.wait(lock, [this] { return ending_ || next_ < size_; });
    if (ending_) return;
    take_tasks(lock);
  }
}

void SyncThreads::for_each(std::size_t size, const std::function<void(std::size_t)>& task) {
  if (size > 1) start();
  std::unique_lock lock(mutex_);
  task_ = &task;
  next_ = 0;
  size_ = unfinished_ = size;
  for (std::size_t i = 0; i < threads_.size() && i + 1 < size; ++i) work_.notify_one();
  take_tasks(lock);
  done_.wait(lock, [this] { return unfinished_ == 0; });
}

}  // namespace ssync
