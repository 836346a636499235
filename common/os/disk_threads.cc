#include "common/os/disk_threads.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <utility>

#include "common/os/blocked_signals.h"
#include "common/os/log.h"

namespace ssync {
namespace {

// The threads only make system calls and catch exceptions; a hundred of them should not take a gigabyte of
// address space.
#ifdef __SANITIZE_THREAD__
constexpr std::size_t kStackSize = 1024UL * 1024;  // it needs much thread-local memory
#else
constexpr std::size_t kStackSize = 256UL * 1024;
#endif
constexpr std::size_t kGuardSize = 64UL * 1024;  // at least a page on any machine
constexpr std::size_t kStackAndGuard = kGuardSize + kStackSize;

using Clock = std::chrono::steady_clock;

// Of a task. To wake a thread takes some ten microseconds of a processor; what waits for a device takes
// longer than the second. In between nothing changes.
constexpr std::chrono::microseconds kQuick{20};
constexpr std::chrono::microseconds kSlow{100};

}  // namespace

void DiskThreads::end_all_but(std::size_t kept) {
  if (threads_.size() <= kept) return;
  {
    const std::lock_guard lock(mutex_);
    kept_ = kept;
  }
  work_.notify_all();
  for (std::size_t number = kept; number < threads_.size(); ++number) {
    ::pthread_join(threads_[number]->handle, nullptr);
    ::munmap(threads_[number]->stack, kStackAndGuard);
  }
  threads_.resize(kept);
  const std::lock_guard lock(mutex_);
  kept_ = std::numeric_limits<std::size_t>::max();
}

void* DiskThreads::run_thread(void* thread) {
  const Thread& self = *static_cast<Thread*>(thread);
  self.owner->run(self.number);
  return nullptr;
}

// As long as there are tasks that nobody has taken: where they return at once, few threads do them all.
void DiskThreads::start(std::size_t wanted) {
  wanted = std::min(wanted, count_) - 1;
  if (threads_.size() >= wanted) return;
  const BlockedSignals blocked;
  while (threads_.size() < wanted && next_ < size_) {
    if (!start_one()) {
      log::warning("only {} of {} disk threads could be started: {}", threads_.size() + 1, count_,
                   std::strerror(errno));
      count_ = threads_.size() + 1;
      return;
    }
  }
}

// False with errno set on failure. The stack is allocated here, because the C library would keep it for reuse
// when the thread has ended.
bool DiskThreads::start_one() {
  void* const stack = ::mmap(nullptr, kStackAndGuard, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return false;
  ::mprotect(stack, kGuardSize, PROT_NONE);
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstack(&attributes, static_cast<char*>(stack) + kGuardSize, kStackSize);
  auto thread = std::make_unique<Thread>(
      Thread{.owner = this, .number = threads_.size(), .handle = {}, .stack = stack});
  const int error = ::pthread_create(&thread->handle, &attributes, run_thread, thread.get());
  ::pthread_attr_destroy(&attributes);
  if (error != 0) {
    ::munmap(stack, kStackAndGuard);
    errno = error;
    return false;
  }
  threads_.push_back(std::move(thread));
  return true;
}

// How many it has run.
std::size_t DiskThreads::take_tasks() {
  std::size_t taken = 0;
  for (std::size_t index = next_++; index < size_; index = next_++, ++taken) (*task_)(index);
  return taken;
}

void DiskThreads::run(std::size_t number) {
  std::unique_lock lock(mutex_);
  for (;;) {
    // Who has found no task any more must not join once more, for one of those that were not started.
    work_.wait(lock, [&] { return number >= kept_ || (helpers_wanted_ != 0 && next_ < size_); });
    if (number >= kept_) return;
    --helpers_wanted_;
    ++helpers_;
    const log::Context* const context = context_;
    lock.unlock();
    {
      const log::LentContext lent(context);
      take_tasks();
    }
    lock.lock();
    if (--helpers_ == 0) done_.notify_one();
  }
}

void DiskThreads::for_each(std::size_t size, const std::function<void(std::size_t)>& task,
                           std::size_t at_once) {
  TaskPace pace = TaskPace::slow;
  share_out(0, size, task, at_once, pace);
}

void DiskThreads::for_each(std::size_t size, const std::function<void(std::size_t)>& task,
                           std::size_t at_once, TaskPace& pace) {
  std::size_t first = 0;
  Clock::time_point begun = Clock::now();
  while (first < size && pace == TaskPace::quick) {
    task(first++);
    const Clock::time_point now = Clock::now();
    if (now - begun > kSlow) pace = TaskPace::slow;
    begun = now;
  }
  if (first < size) share_out(first, size, task, at_once, pace);
}

// Tasks first to size - 1.
void DiskThreads::share_out(std::size_t first, std::size_t size, const std::function<void(std::size_t)>& task,
                            std::size_t at_once, TaskPace& pace) {
  at_once = std::min(at_once, size - first);
  {
    const std::lock_guard lock(mutex_);
    task_ = &task;
    context_ = log::context();
    size_ = size;
    next_ = first;
    helpers_wanted_ = at_once == 0 ? 0 : at_once - 1;
  }
  if (at_once > threads_.size()) {
    work_.notify_all();
  } else {
    for (std::size_t i = 1; i < at_once; ++i) work_.notify_one();
  }
  if (at_once > 1) start(at_once);
  const Clock::time_point begun = Clock::now();
  const std::size_t taken = take_tasks();
  if (taken != 0 && Clock::now() - begun < taken * kQuick) pace = TaskPace::quick;
  std::unique_lock lock(mutex_);
  // Helpers that have not started yet would find no task.
  helpers_wanted_ = 0;
  done_.wait(lock, [this] { return helpers_ == 0; });
}

}  // namespace ssync
