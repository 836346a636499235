// A few threads for system calls that wait for a disk, so that many of them wait together.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace ssync {

// The threads are started by the first for_each() that has work for more than one, with all signals blocked,
// and end with this object. Make it after the last fork.
class SyncThreads {
 public:
  // count threads at most, the caller of for_each() among them.
  explicit SyncThreads(std::size_t count) : count_(count) {}
  ~SyncThreads();
  SyncThreads(const SyncThreads&) = delete;
  SyncThreads& operator=(const SyncThreads&) = delete;

  // Calls task(0) to task(size - 1), several at a time and begun in this order, and returns when all have
  // returned. task must not throw. For one caller at a time. Where no thread can be started the caller does
  // all of it.
  void for_each(std::size_t size, const std::function<void(std::size_t)>& task);

 private:
  void start();
  void run();
  void take_tasks(std::unique_lock<std::mutex>& lock);

  const std::size_t count_;
  std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable done_;
  const std::function<void(std::size_t)>* task_ = nullptr;
  std::size_t size_ = 0;
  std::size_t next_ = 0;
  std::size_t unfinished_ = 0;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace ssync
