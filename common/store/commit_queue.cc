#include "common/store/commit_queue.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "common/os/blocked_signals.h"
#include "common/os/errors.h"
#include "common/os/log.h"
#include "common/os/log_context.h"
#include "common/os/path.h"
#include "common/store/publish.h"

namespace ssync {

namespace {

// Bytes up to which one of the first files waits: the data of larger ones are better written at once.
constexpr std::int64_t kSmallFile = std::int64_t{64} * 1024;
constexpr std::size_t kFewFiles = 4;

// Tells how long it lived, also if what it timed fails.
class Timed {
 public:
  explicit Timed(const ObserveCommit& observe) : observe_(observe) {}
  ~Timed() {
    if (observe_) observe_(std::chrono::steady_clock::now() - begun_);
  }
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;

 private:
  const ObserveCommit& observe_;
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
};

}  // namespace

struct CommitQueue::Entry {
  CommitTicket ticket = 0;
  BatchPublication publication;
  std::exception_ptr failure;
};

CommitLimits CommitLimits::within(std::uint64_t open_files) {
  // Descriptors for sockets, logs, locks and the directories that are being synced.
  constexpr std::uint64_t kOthers = 256;
  CommitLimits limits;
  const std::uint64_t room = open_files > kOthers ? (open_files - kOthers) / 2 : 0;
  limits.files = static_cast<std::size_t>(std::clamp<std::uint64_t>(room, 1, limits.files));
  return limits;
}

CommitQueue::CommitQueue(const Partition& partition, DiskThreads& threads, CommitMode mode,
                         CommitLimits limits)
    : partition_(partition), threads_(threads), mode_(mode), limits_(limits) {}

CommitQueue::~CommitQueue() {
  commit_few();
  if (!committer_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
  committer_.join();
}

bool CommitQueue::start() {
  if (committer_.joinable()) return true;
  const BlockedSignals blocked;
  try {
    committer_ = std::thread([this, context = log::context()] {
      const log::LentContext lent(context);
      run(Committer::thread);
    });
  } catch (const std::system_error& error) {
    log::warning("cannot start the group commit thread, files are committed one by one: {}", error.what());
  }
  return committer_.joinable();
}

std::optional<CommitTicket> CommitQueue::commit(std::unique_ptr<StagedFile> file, Durability durability,
                                                const std::optional<PowerIncrease>& increase) {
  const std::int64_t bytes = file->written();
  const bool may_wait =
      !committer_.joinable() && few_ < kFewFiles && waiting_.size() < limits_.files && bytes <= kSmallFile;
  if (may_wait) ++few_;
  if (mode_ == CommitMode::each || increase || !(may_wait || start())) {
    commit_few();
    const Timed timed(observe_);
    publish(*file, durability, increase);
    return std::nullopt;
  }
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] {
    return waiting_.empty() || (waiting_.size() < limits_.files && waiting_bytes_ + bytes <= limits_.bytes);
  });
  const CommitTicket ticket = next_ticket_++;
  pending_dirs_.insert(file->hash_dir());
  waiting_bytes_ += bytes;
  waiting_.push_back({.ticket = ticket, .publication = {std::move(file), durability}, .failure = nullptr});
  lock.unlock();
  changed_.notify_all();
  return ticket;
}

// As long as there is no other thread, nobody else looks at what waits.
bool CommitQueue::has_few_waiting() { return !committer_.joinable() && !waiting_.empty(); }

void CommitQueue::commit_few() {
  if (has_few_waiting()) run(Committer::caller);
}

void CommitQueue::settle(const std::string& hash_dir) {
  if (has_few_waiting() && pending_dirs_.contains(hash_dir)) commit_few();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !pending_dirs_.contains(hash_dir); });
}

void CommitQueue::finish() {
  if (has_few_waiting()) run(Committer::caller_at_the_end);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return pending_dirs_.empty(); });
}

void CommitQueue::sync_invalidations() {
  if (!has_synced_invalidations_) ssync::sync_invalidations(partition_.path());
  if (invalidations_failure_) std::rethrow_exception(invalidations_failure_);
}

// Not again after a failure: the file system tells of it only once.
void CommitQueue::sync_invalidations_once() noexcept {
  has_synced_invalidations_ = true;
  try {
    ssync::sync_invalidations(partition_.path());
  } catch (...) {
    invalidations_failure_ = std::current_exception();
  }
}

std::vector<CommitResult> CommitQueue::take_results() {
  const std::lock_guard lock(mutex_);
  return std::exchange(results_, {});
}

// noexcept: if memory runs out, nothing can be guaranteed, so the worker ends, and with it the session.
void CommitQueue::run(Committer committer) noexcept {
  Batch revealed;
  for (;;) {
    Batch staged = take_waiting(committer == Committer::thread && revealed.empty());
    if (staged.empty() && revealed.empty()) return;
    {
      const Timed timed(observe_);
      sync(staged, revealed, committer);
    }
    complete(revealed);
    reveal(staged);
    revealed = std::move(staged);
  }
}

CommitQueue::Batch CommitQueue::take_waiting(bool wait) {
  std::unique_lock lock(mutex_);
  if (wait) changed_.wait(lock, [this] { return closed_ || !waiting_.empty(); });
  Batch batch = std::exchange(waiting_, {});
  waiting_bytes_ = 0;
  lock.unlock();
  changed_.notify_all();
  return batch;
}

void CommitQueue::sync(Batch& staged, Batch& revealed, Committer committer) {
  std::vector<std::string> directories;
  if (!revealed.empty()) {
    for (const Entry& entry : revealed) {
      if (entry.publication.is_revealed()) unsynced_.add(entry.publication.hash_dir());
    }
    directories = unsynced_.take();
    if (committer == Committer::caller_at_the_end) sync_invalidations_once();
  }
  const bool is_side_by_side = committer == Committer::thread || staged.size() > 1;
  // Those that changed last first, since the journal then has the others as well.
  if (!is_side_by_side) std::sort(directories.rbegin(), directories.rend());
  std::vector<std::exception_ptr> failures(directories.size());
  const auto sync_one = [&](std::size_t index) {
    if (index < staged.size()) {
      try {
        staged[index].publication.sync_data();
      } catch (...) {
        staged[index].failure = std::current_exception();
      }
      return;
    }
    index -= staged.size();
    try {
      sync_directory_if_there(directories[index]);
    } catch (...) {
      failures[index] = std::current_exception();
    }
  };
  const std::size_t count = staged.size() + directories.size();
  threads_.for_each(count, sync_one, is_side_by_side ? count : 1, pace_);
  for (std::size_t i = 0; i < directories.size(); ++i) {
    if (!failures[i]) continue;
    for (Entry& entry : revealed) {
      const std::string& hash_dir = entry.publication.hash_dir();
      if (hash_dir != directories[i] && !hash_dir.starts_with(directories[i] + "/")) continue;
      entry.publication.take_back();
      if (!entry.failure) entry.failure = failures[i];
    }
    unsynced_.add(std::move(directories[i]));
  }
}

// One append for the whole batch. If it fails, one per file, so that a failure affects only its own file; but
// not after a lock timeout, which would then be repeated for each file.
std::vector<Invalidations> CommitQueue::invalidate(Batch& batch) {
  const auto suffix_of = [](const Entry& entry) { return name_of(parent_of(entry.publication.hash_dir())); };
  std::vector<Invalidations> appended;
  const auto append = [&](const std::vector<std::string>& suffixes) {
    appended.push_back(append_invalidations(partition_.path(), suffixes));
    unsynced_.add_parents(appended.back().made_directories);
  };
  // A line per file, as if they were published one by one.
  std::vector<std::string> suffixes;
  for (const Entry& entry : batch) {
    if (!entry.failure) suffixes.push_back(suffix_of(entry));
  }
  if (suffixes.empty()) return appended;
  std::exception_ptr shared_failure;
  try {
    append(suffixes);
    return appended;
  } catch (const LockTimeout&) {
    shared_failure = std::current_exception();
  } catch (const OsError&) {
  }
  for (Entry& entry : batch) {
    if (entry.failure) continue;
    entry.failure = shared_failure;
    if (shared_failure) continue;
    try {
      append({suffix_of(entry)});
    } catch (const std::runtime_error&) {
      entry.failure = std::current_exception();
    }
  }
  return appended;
}

// Revealing a batch takes long enough for a replicator to hash its suffixes meanwhile.
void CommitQueue::invalidate_again(Batch& batch, const std::vector<Invalidations>& invalidations) {
  const std::string path = partition_.path();
  try {
    for (const Invalidations& appended : invalidations) {
      if (are_pending(path, appended)) continue;
      unsynced_.add_parents(append_invalidations(path, appended.suffixes).made_directories);
    }
  } catch (const std::runtime_error&) {
    for (Entry& entry : batch) {
      if (!entry.failure) entry.failure = std::current_exception();
    }
  }
}

void CommitQueue::reveal(Batch& batch) {
  const std::vector<Invalidations> invalidations = invalidate(batch);
  for (Entry& entry : batch) {
    if (entry.failure) continue;
    try {
      entry.publication.reveal();
    } catch (...) {
      entry.failure = std::current_exception();
    }
  }
  invalidate_again(batch, invalidations);
}

void CommitQueue::complete(Batch& batch) {
  if (batch.empty()) return;
  for (Entry& entry : batch) {
    if (entry.failure) continue;
    try {
      entry.publication.clean_up();
    } catch (const std::runtime_error&) {
      entry.failure = std::current_exception();
    }
  }
  const auto now = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(mutex_);
    for (Entry& entry : batch) {
      pending_dirs_.erase(pending_dirs_.find(entry.publication.hash_dir()));
      results_.push_back({.ticket = entry.ticket, .failure = std::move(entry.failure), .known_at = now});
    }
  }
  changed_.notify_all();
  batch.clear();
}

}  // namespace ssync
