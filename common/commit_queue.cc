#include "common/commit_queue.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "common/blocked_signals.h"
#include "common/errors.h"
#include "common/fd.h"
#include "common/lock_path.h"

namespace ssync {
struct CommitQueue::Entry {
  CommitTicket ticket = 0;
  std::unique_ptr<ObjectWriter> writer;
  Durability durability = Durability::durable;
  std::exception_ptr failure;
};

CommitLimits CommitLimits::within(std::uint64_t open_files) {
  // For sockets, logs, locks and the directories that are being synced.
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
    committer_ = std::thread([this] { run(); });
  } catch (const std::system_error& error) {
    spdlog::warn("no thread for group commit, files are committed one by one: {}", error.what());
  }
  return committer_.joinable();
}

std::optional<CommitTicket> CommitQueue::commit(std::unique_ptr<ObjectWriter> writer, Durability durability) {
  if (mode_ == CommitMode::each || writer->has_next_part_power() || !start()) {
    writer->publish(durability);
    return std::nullopt;
  }
  const std::int64_t bytes = writer->written();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] {
    return waiting_.empty() || (waiting_.size() < limits_.files && waiting_bytes_ + bytes <= limits_.bytes);
  });
  const CommitTicket ticket = next_ticket_++;
  pending_dirs_.insert(writer->hash_dir());
  waiting_bytes_ += bytes;
  waiting_.push_back(
      {.ticket = ticket, .writer = std::move(writer), .durability = durability, .failure = nullptr});
  lock.unlock();
  changed_.notify_all();
  return ticket;
}

void CommitQueue::settle(const std::string& hash_dir) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !pending_dirs_.contains(hash_dir); });
}

void CommitQueue::finish() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return pending_dirs_.empty(); });
}

std::vector<CommitResult> CommitQueue::take_results() {
  const std::lock_guard lock(mutex_);
  return std::exchange(results_, {});
}

// Without memory there is nothing that could be promised: the worker ends, and with it the session.
void CommitQueue::run() noexcept {
  Batch revealed;
  for (;;) {
    Batch staged = take_waiting(revealed.empty());
    if (staged.empty() && revealed.empty()) return;
    sync(staged, revealed);
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

void CommitQueue::sync(Batch& staged, Batch& revealed) {
  std::vector<std::string> directories;
  if (!revealed.empty()) {
    for (const Entry& entry : revealed) {
      if (entry.writer->is_revealed()) unsynced_.add(entry.writer->hash_dir());
    }
    directories = unsynced_.take();
  }
  std::vector<std::exception_ptr> failures(directories.size());
  threads_.for_each(staged.size() + directories.size(), [&](std::size_t index) {
    if (index < staged.size()) {
      try {
        staged[index].writer->sync_data();
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
  });
  for (std::size_t i = 0; i < directories.size(); ++i) {
    if (!failures[i]) continue;
    for (Entry& entry : revealed) {
      const std::string& hash_dir = entry.writer->hash_dir();
      if (hash_dir != directories[i] && !hash_dir.starts_with(directories[i] + "/")) continue;
      entry.writer->take_back();
      if (!entry.failure) entry.failure = failures[i];
    }
    unsynced_.add(std::move(directories[i]));
  }
}

// One append for all of them. If that fails, one for each, so that a failure is that of its own file alone;
// but not after a wait for the lock that was in vain, which would come again for each.
std::vector<Invalidations> CommitQueue::invalidate(Batch& batch) {
  const auto suffix_of = [](const Entry& entry) { return name_of(parent_of(entry.writer->hash_dir())); };
  std::vector<Invalidations> appended;
  const auto append = [&](const std::vector<std::string>& suffixes) {
    appended.push_back(append_invalidations(partition_.path(), suffixes));
    unsynced_.add_parents(appended.back().made_directories);
  };
  // A line for each file, as if each had come alone.
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

// A batch takes long enough to reveal for a replicator to come in between.
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
      entry.writer->reveal(entry.durability);
    } catch (...) {
      entry.failure = std::current_exception();
    }
  }
  invalidate_again(batch, invalidations);
}

void CommitQueue::complete(Batch& batch) {
  if (batch.empty()) return;
  for (Entry& entry : batch) {
    if (!entry.failure) entry.writer->clean_up();
  }
  {
    const std::lock_guard lock(mutex_);
    for (Entry& entry : batch) {
      pending_dirs_.erase(pending_dirs_.find(entry.writer->hash_dir()));
      results_.push_back({.ticket = entry.ticket, .failure = std::move(entry.failure)});
    }
  }
  changed_.notify_all();
  batch.clear();
}

}  // namespace ssync
