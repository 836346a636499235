// A few threads for system calls that wait for a disk, so that many of them wait together.
#pragma once

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <limits>
#include <mutex>
#include <vector>

namespace ssync {

// How many reads of a device are to be in flight for one request. A disk's own queue is not much longer, and
// others use it too.
inline constexpr std::size_t kReadsAtOnce = 16;

// The threads are started when there is work for so many, with all signals blocked, and end with this object,
// or when they are told to. Make it after the last fork.
class DiskThreads {
 public:
  // count threads at most, the caller of for_each() among them.
  explicit DiskThreads(std::size_t count) : count_(count) {}
  ~DiskThreads() { end(); }
  DiskThreads(const DiskThreads&) = delete;
  DiskThreads& operator=(const DiskThreads&) = delete;

  // Calls task(0) to task(size - 1), at most at_once of them at a time and begun in this order, and returns
  // when all have returned. task must not throw. For one caller at a time. Where no thread can be started the
  // caller does all of it.
  void for_each(std::size_t size, const std::function<void(std::size_t)>& task,
                std::size_t at_once = std::numeric_limits<std::size_t>::max());

  // Ends the threads: a hundred that wait for work hold some megabytes. The next for_each() starts them anew.
  // Not while one is going on.
  void end();

 private:
  struct Thread {
    pthread_t handle;
    void* stack;
  };

  void start(std::size_t wanted);
  bool start_one();
  static void* run_thread(void* threads);
  void run();
  void take_tasks();

  std::size_t count_;
  std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable done_;
  const std::function<void(std::size_t)>* task_ = nullptr;
  std::size_t size_ = 0;
  std::atomic<std::size_t> next_ = 0;
  std::size_t helpers_wanted_ = 0;  // threads that are to join the for_each() that goes on
  std::size_t helpers_ = 0;         // that did
  bool ending_ = false;
  std::vector<Thread> threads_;
};

}  // namespace ssync
