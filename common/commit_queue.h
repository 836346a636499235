// Group commit: staged files of a session are made durable, visible and acknowledged in batches.
//
// One at a time each object waits for its own journal writes. The protocol promises durability once, at the
// session's end; so here staged files collect while the batch before them is on its way, and the steps of a
// batch wait for the disk together. For each file, and in this order:
//
//   staged       bytes and metadata are in a file without a name (or with one in tmp/)
//   data synced  fsync of the file has returned
//   invalidated  its suffix is in hashes.invalid (one append for a batch)
//   revealed     its name is in the hash directory; a fragment that is to be durable has its final name. If
//                somebody has hashed suffixes of the batch meanwhile, all of them are invalidated again
//   names synced fsync of the hash directory, and of every directory above it that got a new entry
//   cleaned up   what it makes obsolete has been removed; its result is known
//
// While files of one batch are being data-synced, the names of the batch before are being synced.
//
// What a death of the machine leaves, if only what was synced is certain:
//   before "data synced"       nothing of the file. Its hash directory may be there, empty.
//   before "revealed"          the same, and a suffix that is recalculated although nothing changed.
//   before "names synced"      the file is there, whole, or it is not. What it replaces is still there.
//   from "names synced" on     the file, whole. What it replaces may still be there, and is obsolete by its
//   name. In addition sync_invalidations() comes before a session's last answer: from then on its suffixes
//   are invalid for certain. Before it a changed suffix may have its old hash, as it may with Swift for ever.
// A death of the process alone (SIGKILL) leaves what each step did: no state that is not listed above.
//
// The result of a file is known only after "names synced", and :UPDATES: END is sent only after all results.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "common/disk_threads.h"
#include "common/object_files.h"
#include "common/object_writer.h"
#include "common/partition.h"
#include "common/settings.h"
#include "common/suffix_invalidation.h"

namespace ssync {

using CommitTicket = std::uint64_t;

struct CommitResult {
  CommitTicket ticket = 0;
  std::exception_ptr failure;  // null: durable
};

// How much may be staged and wait for the batch before it. As much again may be in that batch.
struct CommitLimits {
  std::size_t files = 512;  // each holds a descriptor
  std::int64_t bytes = std::int64_t{32} * 1024 * 1024;

  // With as many files as a process that may open so many has room for.
  static CommitLimits within(std::uint64_t open_files);
};

// The queue of one session. For one thread; the work goes on in others.
class CommitQueue {
 public:
  CommitQueue(const Partition& partition, DiskThreads& threads, CommitMode mode, CommitLimits limits = {});
  // Publishes what is still in the queue, as Swift would have done before the next subrequest.
  ~CommitQueue();
  CommitQueue(const CommitQueue&) = delete;
  CommitQueue& operator=(const CommitQueue&) = delete;

  // Where directories are noted that the session made.
  [[nodiscard]] UnsyncedDirectories& unsynced() noexcept { return unsynced_; }

  // Publishes a staged file: in a batch, whose result will have the ticket, or at once (no ticket). At once
  // with CommitMode::each, and during an increase of the partition power, whose links Swift makes between
  // one step and the next. Waits while the queue is full. Throws, if at once, as ObjectWriter::publish.
  std::optional<CommitTicket> commit(std::unique_ptr<ObjectWriter> writer, Durability durability);
  // Waits until no file of this hash directory is in the queue, so that the next subrequest for the object
  // sees what the last one did.
  void settle(const std::string& hash_dir);
  // Waits until the queue is empty.
  void finish();
  // The results since the last call, in the order of the tickets.
  std::vector<CommitResult> take_results();

 private:
  struct Entry;
  using Batch = std::vector<Entry>;

  bool start();
  void run() noexcept;
  Batch take_waiting(bool wait);
  void sync(Batch& staged, Batch& revealed);
  std::vector<Invalidations> invalidate(Batch& batch);
  void invalidate_again(Batch& batch, const std::vector<Invalidations>& invalidations);
  void reveal(Batch& batch);
  void complete(Batch& batch);

  const Partition& partition_;
  DiskThreads& threads_;
  const CommitMode mode_;
  const CommitLimits limits_;
  UnsyncedDirectories unsynced_;

  std::mutex mutex_;
  std::condition_variable changed_;
  Batch waiting_;
  std::int64_t waiting_bytes_ = 0;
  CommitTicket next_ticket_ = 0;
  std::unordered_multiset<std::string> pending_dirs_;  // of all that has no result yet
  std::vector<CommitResult> results_;
  bool closed_ = false;
  std::thread committer_;
};

}  // namespace ssync
