// How many SSYNC sessions the whole pool runs at once (replication_concurrency): a semaphore that
// all workers share and that a dying worker cannot keep.
#pragma once

namespace ssync {

// A slot is a byte-range lock on an anonymous file in memory which the master makes and the
// workers inherit. The kernel gives a process's locks back when it ends, whatever ended it, so
// SIGKILL at any point frees the slot at once with nobody to notice. (A POSIX semaphore in shared
// memory would lose it.) A process holds at most one slot.
class ReplicationSlots {
 public:
  // count: how many; 0: no limit. Throws OsError.
  explicit ReplicationSlots(int count);
  ~ReplicationSlots();
  ReplicationSlots(const ReplicationSlots&) = delete;
  ReplicationSlots& operator=(const ReplicationSlots&) = delete;

  // For a reload: workers forked from now on see this many.
  void set_count(int count) noexcept { count_ = count; }

  // Takes a slot without waiting. False if all are taken.
  [[nodiscard]] bool try_acquire();
  // Gives the slot back. No effect without one.
  void release() noexcept;

 private:
  int fd_ = -1;
  int count_;
  int held_ = -1;
};

}  // namespace ssync
