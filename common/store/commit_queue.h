// Group commit: staged files of a session are made durable, visible and acknowledged in batches.
//
// Committed one at a time, each object waits for its own journal writes. But the protocol promises durability
// only once, at the end of the session. So staged files collect while the previous batch is being committed,
// and each step of a batch waits for the disk once. The steps for each file, in this order:
//
//   staged       bytes and metadata are in a file without a name (or with one in tmp/)
//   data synced  fsync of the file has returned
//   invalidated  its suffix is in hashes.invalid (one append for a batch)
//   revealed     its name is in the hash directory; a fragment that is to be durable has its final name. If
//                another process has hashed suffixes of the batch meanwhile, all are invalidated again
//   names synced fsync of the hash directory, and of every directory above it that got a new entry
//   cleaned up   obsolete files have been removed; the result of the commit is known
//
// While the data of one batch is being synced, so are the names of the previous batch.
//
// State after a crash of the machine, if only synced data is certain:
//   before "data synced"    nothing of the file. Its hash directory may exist, empty.
//   before "revealed"       the same, and an unchanged suffix that will be hashed again.
//   before "names synced"   the file is complete or missing. The files it replaces are still there.
//   from "names synced" on  the file is complete. The files it replaces may still exist, but are obsolete.
// In addition, sync_invalidations() is called before a session's last answer: from then on its suffixes are
// certainly invalid. Before that, a changed suffix may have its old hash; in Swift it may have it forever.
// A crash of the process alone (SIGKILL) leaves the completed steps in place: no state that is not listed
// above.
//
// The first few small files of a session wait for each other, and are committed by whoever asks for their
// results, in that thread, its directories one after the other: for a session of one object, handing it to
// other threads and back costs more than all else, and what the first sync of a directory has brought to the
// disk the others find there. So that a session's end waits for the disk once less, hashes.invalid is synced
// with the last of them.
//
// The result of a file is known only after "names synced", and :UPDATES: END is sent only after all results.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include "common/config/receiver_settings.h"
#include "common/hashes/suffix_invalidation.h"
#include "common/layout/object_files.h"
#include "common/layout/partition.h"
#include "common/layout/partition_power.h"
#include "common/os/disk_threads.h"
#include "common/store/batch_publication.h"
#include "common/store/staged_file.h"

namespace ssync {

using CommitTicket = std::uint64_t;

struct CommitResult {
  CommitTicket ticket = 0;
  std::exception_ptr failure;  // null: durable
  std::chrono::steady_clock::time_point known_at = {};
};

// How much may be staged while the previous batch is being committed. That batch may hold as much again.
struct CommitLimits {
  std::size_t files = 512;  // each holds a descriptor
  std::int64_t bytes = std::int64_t{32} * 1024 * 1024;

  // The limits for a process that may have open_files open.
  static CommitLimits within(std::uint64_t open_files);
};

// How long it took to make a batch, or a single file, durable. Called by one thread at a time; must not
// throw.
using ObserveCommit = std::function<void(std::chrono::duration<double>)>;

// The commit queue of one session. To be used by one thread; other threads do most of the work.
class CommitQueue {
 public:
  CommitQueue(const Partition& partition, DiskThreads& threads, CommitMode mode, CommitLimits limits = {});
  // Publishes the files still in the queue, as Swift would have done before the next subrequest.
  ~CommitQueue();
  CommitQueue(const CommitQueue&) = delete;
  CommitQueue& operator=(const CommitQueue&) = delete;

  // To be set before the first file is committed.
  void observe(ObserveCommit observe) { observe_ = std::move(observe); }

  // The directories that the session created and has not synced.
  [[nodiscard]] UnsyncedDirectories& unsynced() noexcept { return unsynced_; }

  // Publishes a staged file: in a batch, whose result will have the ticket, or immediately (no ticket).
  // Immediately with CommitMode::each, and during an increase of the partition power, because Swift makes the
  // second links between the steps. Waits while the queue is full. If immediately, throws as publish().
  std::optional<CommitTicket> commit(std::unique_ptr<StagedFile> file, Durability durability,
                                     const std::optional<PowerIncrease>& increase = std::nullopt);
  // True if there are files that wait so: then commit_few() has to be called before anything that may take
  // long.
  [[nodiscard]] bool has_few_waiting();
  void commit_few();
  // Waits until the queue has no file of this hash directory, so that the next subrequest for the object sees
  // the effect of the last one.
  void settle(const std::string& hash_dir);
  // Waits until the queue is empty. Nothing may be committed after it.
  void finish();
  // After finish(): makes the invalidations of the partition durable (ssync::sync_invalidations). Throws
  // OsError.
  void sync_invalidations();
  // The results since the last call, in the order of the tickets.
  std::vector<CommitResult> take_results();

 private:
  struct Entry;
  using Batch = std::vector<Entry>;

  // Who commits, and when: the queue's thread until it is closed; or the caller, until there are no more
  // files for now, or in the session.
  enum class Committer { thread, caller, caller_at_the_end };

  bool start();
  void run(Committer committer) noexcept;
  Batch take_waiting(bool wait);
  void sync(Batch& staged, Batch& revealed, Committer committer);
  void sync_invalidations_once() noexcept;
  std::vector<Invalidations> invalidate(Batch& batch);
  void invalidate_again(Batch& batch, const std::vector<Invalidations>& invalidations);
  void reveal(Batch& batch);
  void complete(Batch& batch);

  const Partition& partition_;
  DiskThreads& threads_;
  TaskPace pace_ = TaskPace::slow;  // of the disk's syncs
  ObserveCommit observe_;
  const CommitMode mode_;
  const CommitLimits limits_;
  UnsyncedDirectories unsynced_;

  std::mutex mutex_;
  std::condition_variable changed_;
  Batch waiting_;
  std::int64_t waiting_bytes_ = 0;
  CommitTicket next_ticket_ = 0;
  std::unordered_multiset<std::string> pending_dirs_;  // of all files without a result yet
  std::vector<CommitResult> results_;
  bool closed_ = false;
  std::thread committer_;
  std::size_t few_ = 0;  // files that have waited for their caller
  bool has_synced_invalidations_ = false;
  std::exception_ptr invalidations_failure_;
};

}  // namespace ssync
