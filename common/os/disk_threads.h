// A thread pool for system calls that block on a disk, so that they block in parallel.
#pragma once

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <vector>

#include "common/os/log_context.h"

namespace ssync {

// Number of parallel reads from a device for one request. A disk's own queue is not much longer, and it is
// shared.
inline constexpr std::size_t kReadsAtOnce = 16;

// Whether tasks of one kind return at once, as where all they need is in memory: to wake another thread for
// them would take longer than they do. Kept by who calls for_each() with such tasks, and changed by it.
enum class TaskPace { quick, slow };

// The threads are started on demand, with all signals blocked, and end with this object or in end_all_but().
// Construct it after the last fork.
class DiskThreads {
 public:
  // At most count threads, including the caller of for_each().
  explicit DiskThreads(std::size_t count) : count_(count) {}
  ~DiskThreads() { end_all_but(0); }
  DiskThreads(const DiskThreads&) = delete;
  DiskThreads& operator=(const DiskThreads&) = delete;

  // Calls task(0) to task(size - 1), started in this order and at most at_once in parallel, and returns when
  // all have returned. task must not throw; lines that it logs have the caller's context. For one caller at a
  // time. If no thread can be started, the caller runs all tasks.
  void for_each(std::size_t size, const std::function<void(std::size_t)>& task,
                std::size_t at_once = std::numeric_limits<std::size_t>::max());

  // The same, but as long as the tasks are quick the caller runs them by itself. One that is not brings the
  // other threads in for those after it; pace is then slow, until tasks are seen to be quick again.
  void for_each(std::size_t size, const std::function<void(std::size_t)>& task, std::size_t at_once,
                TaskPace& pace);

  // Ends all threads but so many: a hundred idle threads hold some megabytes, while a few are started again
  // soon. The next for_each() starts what it needs. Not to be called during for_each().
  void end_all_but(std::size_t kept);

 private:
  struct Thread {
    DiskThreads* owner;
    std::size_t number;
    pthread_t handle;
    void* stack;
  };

  void start(std::size_t wanted);
  bool start_one();
  static void* run_thread(void* thread);
  void run(std::size_t number);
  std::size_t take_tasks();
  void share_out(std::size_t first, std::size_t size, const std::function<void(std::size_t)>& task,
                 std::size_t at_once, TaskPace& pace);

  std::size_t count_;
  std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable done_;
  const std::function<void(std::size_t)>* task_ = nullptr;
  const log::Context* context_ = nullptr;  // of who called for_each()
  std::size_t size_ = 0;
  std::atomic<std::size_t> next_ = 0;
  std::size_t helpers_wanted_ = 0;  // threads that are to join the present for_each()
  std::size_t helpers_ = 0;         // that have joined it
  std::size_t kept_ = std::numeric_limits<std::size_t>::max();  // threads of a higher number are to end
  std::vector<std::unique_ptr<Thread>> threads_;
};

}  // namespace ssync
