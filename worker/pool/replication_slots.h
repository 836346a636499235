// Limits the SSYNC sessions of the whole pool (replication_concurrency): a semaphore shared by all workers
// that a dying worker releases.
#pragma once

namespace ssync {

// A slot is a byte-range lock on an anonymous file in memory that the master creates and the workers inherit.
// The kernel releases a process's locks when it ends for any reason, so the slot is free immediately even
// after SIGKILL. (A POSIX semaphore in shared memory would lose it.) A process holds at most one slot.
class ReplicationSlots {
 public:
  // count: number of slots; 0: no limit. Throws OsError.
  explicit ReplicationSlots(int count);
  ~ReplicationSlots();
  ReplicationSlots(const ReplicationSlots&) = delete;
  ReplicationSlots& operator=(const ReplicationSlots&) = delete;

  // For a reload: workers forked from now on use this count.
  void set_count(int count) noexcept { count_ = count; }

  // Takes a slot without waiting. False if all are taken.
  [[nodiscard]] bool try_acquire();
  // Releases the slot. No effect without one.
  void release() noexcept;

 private:
  int fd_ = -1;
  int count_;
  int held_ = -1;
};

}  // namespace ssync
