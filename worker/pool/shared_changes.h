// Lets processes wait for a change in memory that they share.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace ssync {

// Lives in the shared memory. A process that dies announces nothing, so nobody waits long at a time.
class SharedChanges {
 public:
  // To be asked for before the look after which one waits.
  [[nodiscard]] std::uint32_t seen() const noexcept { return count_.load(); }
  void announce() noexcept;
  // Returns when something was announced since seen, at the latest after that time, and at any signal.
  void wait(std::uint32_t seen, std::chrono::nanoseconds at_most) const noexcept;

 private:
  std::atomic<std::uint32_t> count_ = 0;
  static_assert(std::atomic<std::uint32_t>::is_always_lock_free && sizeof(count_) == sizeof(std::uint32_t),
                "a futex is such a word");
};

}  // namespace ssync
