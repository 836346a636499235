#include "worker/replicator/pass.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <system_error>
#include <thread>
#include <utility>

#include "common/layout/timestamp.h"
#include "common/os/errors.h"
#include "common/os/log.h"
#include "common/os/log_context.h"
#include "worker/replicator/job_order.h"
#include "worker/replicator/revert_partition.h"
#include "worker/replicator/update_partition.h"

namespace ssync {
namespace {

// Partitions that are compared while sessions run. Most time of a comparison is waiting for the peers.
constexpr std::size_t kLookAhead = 12;
constexpr std::size_t kMostThreads = 128;
// Of each of the threads above, to read suffixes that have to be hashed, and to send to several primaries at
// once.
constexpr std::size_t kDiskThreadsEach = 4;
constexpr std::chrono::seconds kBetweenPriorityLooks{1};

// Removes a file where a partition should be; true if there was one.
bool remove_if_file(const ReplicationJob& job) {
  const std::string path = job.device_path + "/" + job.policy->objects_dir() + "/" + job.partition;
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  log::warning("Removing partition directory which was a file: {}", path);
  static_cast<void>(::unlink(path.c_str()));
  return true;
}

// Beside the file that operators look at: a place where replicators may write already.
std::string visits_path(const ReplicatorSettings& settings, const std::string& device) {
  return settings.recon_cache_path + "/ssync-replicator." + device + ".turns";
}

}  // namespace

Pass::Pass(const Services& services, const PolicyRings& rings, PriorityList& priority, PassScope scope,
           std::optional<int> cycle)
    : services_(services),
      rings_(rings),
      priority_(priority),
      scope_(std::move(scope)),
      cycle_(cycle),
      next_ring_check_(Clock::now() +
                       std::chrono::duration_cast<Clock::duration>(
                           std::chrono::duration<double>(services.settings.ring_check_interval))),
      next_priority_look_(Clock::now() + kBetweenPriorityLooks) {}

void Pass::run() {
  try {
    collect();
    services_.board.expect(local_);
    run_jobs();
  } catch (const OsError& error) {
    log::error("Exception in top-level replication loop: {}", error.what());
    services_.board.end_early(error.what());
  }
  log_progress();
  if (interrupted_) services_.interruption.check();
}

void Pass::collect() {
  NodeAddresses addresses(node_addresses(services_.settings.ring_ip));
  for (const auto& [index, watched] : rings_) {
    if (scope_.policies && !scope_.policies->contains(index)) continue;
    collect_jobs(*services_.conf.policies.by_index(index), *watched, services_.settings, scope_, addresses,
                 local_, stats_);
  }
  note_last_turns();
  put_in_order(local_.waiting);
  priority_.refresh();
  put_first(local_.waiting.begin(), local_.waiting.end(), priority_, services_.settings.handoffs_first);
}

void Pass::note_last_turns() {
  // One device after the other, of which the times of all partitions are in memory meanwhile.
  std::map<std::string, std::vector<WaitingPartition*>> of_devices;
  for (WaitingPartition& partition : local_.waiting) of_devices[partition.device->name].push_back(&partition);
  for (const auto& [device, partitions] : of_devices) {
    auto times = std::make_unique<VisitTimes>(visits_path(services_.settings, device));
    for (WaitingPartition* partition : partitions) {
      partition->last_turn = times->last(partition->device->policy->index, partition->number);
    }
    times->keep_what_was_asked_for();
    visits_.emplace(device, std::move(times));
  }
}

void Pass::run_jobs() {
  const std::size_t wanted =
      std::min({local_.waiting.size(), static_cast<std::size_t>(services_.settings.concurrency) + kLookAhead,
                kMostThreads});
  shares_.emplace(local_.waiting, wanted, services_.settings.handoffs_first);
  std::vector<std::thread> threads;
  try {
    while (threads.size() < wanted) threads.emplace_back([this] { take_jobs(); });
  } catch (const std::system_error& error) {
    log::warning("cannot start more than {} threads: {}", threads.size(), error.what());
    if (threads.empty()) take_jobs();
  }
  std::size_t left = threads.size();
  const auto interval = std::chrono::duration<double>(std::max(services_.settings.stats_interval, 0.1));
  std::thread heartbeat([&] {
    std::unique_lock lock(mutex_);
    while (!changed_.wait_for(lock, interval, [&] { return left == 0; })) {
      lock.unlock();
      log_progress();
      lock.lock();
    }
  });
  for (std::thread& thread : threads) thread.join();
  {
    const std::lock_guard lock(mutex_);
    left = 0;
  }
  changed_.notify_all();
  heartbeat.join();
}

// Of one thread.
void Pass::take_jobs() {
  DiskThreads threads(kDiskThreadsEach);
  try {
    while (const WaitingPartition* partition = next_partition()) {
      services_.interruption.check();
      run_job(job_of(*partition), threads);
    }
  } catch (const Interrupted&) {
    const std::lock_guard lock(mutex_);
    interrupted_ = true;
    stop();
  }
}

void Pass::stop() {
  stopping_ = true;
  changed_.notify_all();
}

// nullptr if there is none any more, or the pass ends early.
const WaitingPartition* Pass::next_partition() {
  std::unique_lock lock(mutex_);
  while (!stopping_ && next_ < local_.waiting.size()) {
    look_at_priority();
    const auto next = local_.waiting.begin() + static_cast<std::ptrdiff_t>(next_);
    const auto found = shares_->next(next, local_.waiting.end());
    if (services_.settings.handoffs_first && !found->is_handoff && !may_begin(lock)) continue;
    // Those before it stay in their order.
    std::rotate(next, found, found + 1);
    const WaitingPartition& partition = *next;
    shares_->begin(partition);
    ++next_;
    if (has_ring_changed(*partition.device->ring_file)) {
      log::info("Ring change detected. Aborting current replication pass.");
      services_.board.end_early("a ring has changed");
      stop();
      break;
    }
    if (partition.is_handoff) ++handoffs_running_;
    return &partition;
  }
  return nullptr;
}

// What is put first may change at any time.
void Pass::look_at_priority() {
  const auto now = Clock::now();
  if (now < next_priority_look_) return;
  next_priority_look_ = now + kBetweenPriorityLooks;
  if (!priority_.refresh()) return;
  put_first(local_.waiting.begin() + static_cast<std::ptrdiff_t>(next_), local_.waiting.end(), priority_,
            services_.settings.handoffs_first);
}

// With handoffs_first: whether all handoffs are gone. Waits until all had their turn; false if that changed
// what is next.
bool Pass::may_begin(std::unique_lock<std::mutex>& lock) {
  if (handoffs_running_ != 0) {
    changed_.wait(lock);
    return false;
  }
  if (handoffs_left_ == 0) return true;
  log::warning("Handoffs first mode still has handoffs remaining.  Aborting current replication pass.");
  services_.board.end_early("handoffs_first: handoffs are left");
  stop();
  return false;
}

bool Pass::has_ring_changed(const WatchedRing& ring_file) {
  const auto now = Clock::now();
  if (now < next_ring_check_) return false;
  next_ring_check_ = now + std::chrono::duration_cast<Clock::duration>(
                               std::chrono::duration<double>(services_.settings.ring_check_interval));
  return ring_file.has_changed();
}

void Pass::run_job(const ReplicationJob& job, DiskThreads& threads) {
  const auto begun = Clock::now();
  const log::Context context(log_fields(job));
  BoardJob on_board(services_.board, job);
  JobResult result;
  const bool is_usable = checked_device(services_.settings, job.device).has_value();
  const bool is_attempted = is_usable && !remove_if_file(job);
  if (is_attempted) {
    const bool list_directory = !cycle_ || (job.number + static_cast<std::uint64_t>(*cycle_)) % 10 == 0;
    result = job.is_handoff ? revert_partition(job, services_, threads, on_board)
                            : update_partition(job, services_, threads, list_directory, on_board);
  }
  if (!is_usable) services_.board.note_error(job.device, "not mounted, or no directory");
  on_board.set_outcome({.is_done = !result.is_put_off,
                        .has_handoff_left = job.is_handoff && (!is_attempted || result.has_handoff_left),
                        .failures = is_usable ? result.failures.size() : job.nodes.size()});
  const std::lock_guard lock(mutex_);
  shares_->end(job.device);
  if (job.is_handoff) {
    --handoffs_running_;
    if (result.has_handoff_left) ++handoffs_left_;
    changed_.notify_all();
  }
  PassStats& stats = stats_[job.device];
  if (!is_usable) {
    for (const RingDevice* node : job.nodes) stats.add_failure({node->replication_ip, node->device});
  }
  if (!is_attempted || result.is_put_off) return;
  visits_.at(job.device)
      ->note(job.policy->index, job.number, static_cast<std::int64_t>(Timestamp::now().seconds()));
  stats.add_failures(result.failures);
  ++stats.attempted;
  stats.hashmatch += result.hashmatch;
  stats.rsync += result.rsync;
  stats.remove += result.removed_partitions;
  stats.suffix_count += result.suffix_count;
  stats.suffix_hash += result.suffix_hash;
  stats.suffix_sync += result.suffix_sync;
  for (const auto& target : result.targets) stats.success += result.failures.contains(target) ? 0 : 1;
  partition_times_.push_back(std::chrono::duration<double>(Clock::now() - begun).count());
}

void Pass::log_progress() {
  const std::lock_guard lock(mutex_);
  PassStats total;
  for (const auto& [device, stats] : stats_) total += stats;
  const double seconds = std::chrono::duration<double>(Clock::now() - begun_).count();
  for (const std::string& line : lines_.lines(total, local_.waiting.size(), seconds, partition_times_)) {
    log::info("{}", line);
  }
}

}  // namespace ssync
