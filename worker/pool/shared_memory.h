// One object in memory that a process shares with those that it forks.
#pragma once

#include <sys/mman.h>

#include <new>

#include "common/os/errors.h"

namespace ssync {

// Whoever makes it takes it down; those that were forked since end with _exit().
template <typename T>
class SharedMemory {
 public:
  // what: of what it is the memory, for the message. Throws OsError.
  explicit SharedMemory(const char* what) {
    void* const memory =
        ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw_os_error(what);
    object_ = new (memory) T;
  }
  ~SharedMemory() {
    object_->~T();
    ::munmap(object_, sizeof(T));
  }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  T* operator->() const noexcept { return object_; }
  T& operator*() const noexcept { return *object_; }

 private:
  T* object_;
};

}  // namespace ssync
