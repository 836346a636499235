#include "common/disk_threads.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstring>

#include "common/blocked_signals.h"

namespace ssync {
namespace {

// They make a system call and catch what it throws; a hundred of them are not to need a gigabyte of
// addresses.
constexpr std::size_t kStackSize = 256UL * 1024;

}  // namespace

DiskThreads::~DiskThreads() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  work_.notify_all();
  for (const pthread_t thread : threads_) ::pthread_join(thread, nullptr);
}

void* DiskThreads::run_thread(void* threads) {
  static_cast<DiskThreads*>(threads)->run();
  return nullptr;
}

void DiskThreads::start(std::size_t wanted) {
  wanted = std::min(wanted, count_) - 1;
  if (threads_.size() >= wanted) return;
  const BlockedSignals blocked;
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, kStackSize);
  while (threads_.size() < wanted) {
    pthread_t thread{};
    if (const int error = ::pthread_create(&thread, &attributes, run_thread, this); error != 0) {
      spdlog::warn("{} of {} threads for the disk: {}", threads_.size() + 1, count_, std::strerror(error));
      count_ = threads_.size() + 1;
      break;
    }
    threads_.push_back(thread);
  }
  ::pthread_attr_destroy(&attributes);
}

void DiskThreads::take_tasks() {
  for (std::size_t index = next_++; index < size_; index = next_++) (*task_)(index);
}

void DiskThreads::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    work_.wait(lock, [this] { return ending_ || helpers_wanted_ != 0; });
    if (ending_) return;
    --helpers_wanted_;
    ++helpers_;
    lock.unlock();
    take_tasks();
    lock.lock();
    if (--helpers_ == 0) done_.notify_one();
  }
}

void DiskThreads::for_each(std::size_t size, const std::function<void(std::size_t)>& task,
                           std::size_t at_once) {
  at_once = std::min(at_once, size);
  if (at_once > 1) start(at_once);
  {
    const std::lock_guard lock(mutex_);
    task_ = &task;
    size_ = size;
    next_ = 0;
    helpers_wanted_ = at_once == 0 ? 0 : std::min(threads_.size(), at_once - 1);
  }
  if (at_once > threads_.size()) {
    work_.notify_all();
  } else {
    for (std::size_t i = 1; i < at_once; ++i) work_.notify_one();
  }
  take_tasks();
  std::unique_lock lock(mutex_);
  // Who has not begun by now would find nothing to do.
  helpers_wanted_ = 0;
  done_.wait(lock, [this] { return helpers_ == 0; });
}

}  // namespace ssync
