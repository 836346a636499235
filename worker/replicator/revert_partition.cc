#include "worker/replicator/revert_partition.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <ctime>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/layout/timestamp.h"
#include "common/os/directory.h"
#include "common/os/errors.h"
#include "common/os/lock_path.h"
#include "common/os/log.h"
#include "worker/replicator/confirmation.h"
#include "worker/replicator/handoff_contents.h"
#include "worker/replicator/job_metrics.h"
#include "worker/replicator/removal.h"
#include "worker/replicator/sync_session.h"

namespace ssync {
namespace {

class Revert {
 public:
  Revert(const ReplicationJob& job, const Services& services, DiskThreads& threads, BoardJob& on_board)
      : job_(job),
        services_(services),
        threads_(threads),
        on_board_(on_board),
        partition_(partition_of(job, services)),
        metrics_(services.statsd, JobMetrics::Kind::revert, job.device) {}

  JobResult run() {
    result_.has_handoff_left = true;
    on_board_.enter(JobState::waiting_for_turn);
    for (const RingDevice* node : job_.nodes) result_.add_target(*node);
    try {
      // Before the lock: whoever wants to send to this partition waits for it.
      place_.emplace(metrics_.untimed(
          [this] { return services_.gate.wait_for_place([this] { services_.interruption.check(); }); }));
      if (has_ring_changed()) return put_off();
      if (is_directory(partition_.path())) run_locked();
    } catch (const LockTimeout&) {
      metrics_.add_lock_failure();
      log::info("Unable to lock handoff partition {} for replication on device {} policy {}", job_.partition,
                job_.device, job_.policy->index);
    } catch (const Interrupted&) {
      throw;
    } catch (const std::exception& error) {
      result_.failures = result_.targets;
      log::error("Error syncing handoff partition {}: {}", partition_.path(), error.what());
      note_error(error.what());
    }
    return std::move(result_);
  }

 private:
  // As if it had not had its turn.
  static JobResult put_off() {
    JobResult result;
    result.is_put_off = result.has_handoff_left = true;
    return result;
  }

  void note_error(const std::string& what) const {
    services_.board.note_error(job_.device, "handoff partition " + job_.partition + ": " + what);
  }

  void run_locked() {
    on_board_.enter(JobState::locking);
    // A session that comes in holds it; both ends of a cross-wise revert would remove what the other has.
    const PathLock lock({.directory = partition_.path(),
                         .name = "replication",
                         .timeout = 0.2,
                         .timeout_text = "0.2",
                         .give_up = {}});
    on_board_.enter(JobState::listing);
    contents_ = list_handoff(partition_);
    for (const auto& [suffix, hash] : contents_.suffixes) suffixes_.push_back(suffix);
    if (job_.nodes.empty() && !contents_.objects.empty()) {
      log::warning(
          "{}: the ring does not have this partition; kept, since nobody else is to have its objects",
          partition_.path());
      return;
    }
    confirmed_.resize(contents_.objects.size());
    on_their_way_.resize(contents_.objects.size());
    if (!contents_.suffixes.empty()) send_to_all();
    on_board_.enter(JobState::removing);
    // The next one may be sent while this one is removed.
    place_.reset();
    // Last of all: while it was sent, the ring may have been replaced.
    if (is_synced() && has_ring_changed()) return;
    if (is_synced() && !contents_.suffixes.empty()) remove_confirmed();
    // What is under such a file is not sent; the auditor quarantines it.
    if (contents_.not_directories != 0) result_.failures = result_.targets;
    if (is_synced() || contents_.suffixes.empty()) remove_partition();
  }

  // True if the primaries may be others by now.
  [[nodiscard]] bool has_ring_changed() const {
    if (job_.ring_file == nullptr || !job_.ring_file->has_changed()) return false;
    log::info("{}: kept, because {} has changed; the next pass sends it to the primaries of the new ring",
              partition_.path(), job_.ring_file->path());
    return true;
  }

  // To all at once: what is read from the disk for the first is in memory for the others. Only another
  // region's nodes have their turns.
  void send_to_all() {
    const std::vector<Nodes> groups = nodes_side_by_side();
    std::vector<std::exception_ptr> errors(groups.size());
    threads_.for_each(groups.size(), [&](std::size_t number) {
      try {
        send_to(groups[number]);
      } catch (...) {
        errors[number] = std::current_exception();
      }
    });
    for (const std::exception_ptr& error : errors) {
      if (error) std::rethrow_exception(error);
    }
  }

  using Nodes = std::vector<const RingDevice*>;

  [[nodiscard]] std::vector<Nodes> nodes_side_by_side() const {
    std::vector<Nodes> groups;
    std::map<std::int64_t, Nodes> others;
    for (const RingDevice* node : job_.nodes) {
      if (node->region == job_.region) {
        groups.push_back({node});
      } else {
        others[node->region].push_back(node);
      }
    }
    for (auto& [region, nodes] : others) groups.push_back(std::move(nodes));
    return groups;
  }

  // One node after the other, of one region. Once a node of another region has the objects, its neighbours
  // get them from it, and are only asked.
  void send_to(const Nodes& nodes) {
    std::optional<std::set<ObjectHash>> in_region;
    for (const RingDevice* node : nodes) {
      const bool is_compared = in_region.has_value();
      BoardSession on_board(on_board_, *node);
      const SyncResult session = sync(*node, in_region, on_board);
      if (session.is_whole) in_region = in_sync_after(session, is_compared);
      std::vector<bool> confirmed;
      if (session.is_whole) {
        on_board.enter(JobState::confirming);
        confirmed = confirmed_by(*node, job_, partition_, contents_, session, services_.peers);
      }
      const std::lock_guard lock(mutex_);
      ++result_.rsync;
      if (session.is_whole) {
        ++whole_sessions_;
      } else {
        result_.add_failure(*node);
      }
      for (std::size_t number = 0; number < confirmed.size(); ++number) {
        const bool gets_it_there = is_compared && !in_region->contains(contents_.objects[number].hash);
        confirmed_[number] += confirmed[number] ? 1U : 0U;
        on_their_way_[number] += !confirmed[number] && gets_it_there ? 1U : 0U;
      }
    }
  }

  SyncResult sync(const RingDevice& node, const std::optional<std::set<ObjectHash>>& in_region,
                  BoardSession& on_board) const {
    auto turn =
        services_.gate.wait_for_device(*place_, node_text(node), [this] { services_.interruption.check(); });
    SyncWay way{.ask_held = true, .on_board = &on_board};
    if (in_region) {
      way.kind = SyncKind::only_compare;
      way.is_offered = [&](const ObjectHash& hash) { return in_region->contains(hash); };
    }
    SyncResult session = sync_with_node(job_, partition_, node, suffixes_, way, services_);
    if (!session.tells_held) turn.needs_gaps();
    return session;
  }

  static std::set<ObjectHash> in_sync_after(const SyncResult& session, bool is_compared) {
    std::set<ObjectHash> in_sync;
    for (std::size_t number = 0; number < session.offered.size(); ++number) {
      if (!is_compared || !session.wanted[number].any()) in_sync.insert(session.offered[number].hash);
    }
    return in_sync;
  }

  [[nodiscard]] std::size_t required() const {
    const auto wanted = static_cast<std::size_t>(services_.settings.handoff_delete);
    return wanted == 0 ? job_.nodes.size() : std::min<std::size_t>(wanted, job_.nodes.size());
  }
  [[nodiscard]] bool is_synced() const { return required() != 0 && whole_sessions_ >= required(); }

  // Whoever waits for an object keeps it here, also where handoff_delete asks for no more copies, as in
  // Swift.
  [[nodiscard]] std::size_t enough_confirmed(std::size_t number) const {
    return on_their_way_[number] == 0 ? confirmed_[number] : std::min(confirmed_[number], required() - 1);
  }

  void remove_confirmed() {
    ++result_.removed_partitions;
    std::vector<const HandoffObject*> removable;
    std::size_t unconfirmed = 0;
    std::size_t on_their_way = 0;
    const double now = Timestamp::now().seconds();
    for (std::size_t number = 0; number < contents_.objects.size(); ++number) {
      const HandoffObject& object = contents_.objects[number];
      const Keeping keeping = reason_to_keep(object, enough_confirmed(number), required(), now,
                                             services_.settings.disk.reclaim_age);
      if (keeping == Keeping::not_needed) removable.push_back(&object);
      if (keeping != Keeping::unconfirmed) continue;
      if (confirmed_[number] + on_their_way_[number] >= required()) {
        ++on_their_way;
      } else {
        ++unconfirmed;
      }
    }
    Removed removed = remove_objects(partition_, removable);
    changed_suffixes_ = std::move(removed.suffixes);
    is_left_for_good_ = unconfirmed == 0 && on_their_way == 0 && removed.changed == 0;
    if (unconfirmed != 0) {
      log::warning("{}: kept {} of {} objects, because fewer than {} of their primaries have confirmed them",
                   partition_.path(), unconfirmed, contents_.objects.size(), required());
      result_.failures = result_.targets;
      note_error(fmt::format("kept {} of {} objects, which fewer than {} primaries have confirmed",
                             unconfirmed, contents_.objects.size(), required()));
    }
    if (on_their_way != 0) {
      log::info("{}: kept {} of {} objects until primaries of another region have them from their neighbours",
                partition_.path(), on_their_way, contents_.objects.size());
    }
    if (removed.changed != 0) {
      log::info("{}: kept {} objects that have changed meanwhile", partition_.path(), removed.changed);
    }
    log::info("Removing {} objects", removed.objects);
  }

  void remove_partition() {
    const bool is_gone = remove_partition_if_empty(partition_, changed_suffixes_);
    if (is_gone) log::info("Removing partition: {}", partition_.path());
    // Files of no object must not keep handoffs_first from going on to other partitions for days.
    result_.has_handoff_left = !is_gone && !is_left_for_good_;
  }

  const ReplicationJob& job_;
  const Services& services_;
  DiskThreads& threads_;
  BoardJob& on_board_;
  Partition partition_;
  JobMetrics metrics_;
  std::optional<TransferGate::Turn> place_;
  HandoffContents contents_;
  std::vector<std::string> suffixes_;   // their names
  std::mutex mutex_;                    // while it is sent, for what follows and result_
  std::vector<std::size_t> confirmed_;  // of each object: by so many primaries
  // Of each object: so many primaries of another region that do not have it yet, and get it from a neighbour.
  std::vector<std::size_t> on_their_way_;
  std::vector<std::string> changed_suffixes_;  // out of which objects were removed
  std::size_t whole_sessions_ = 0;
  bool is_left_for_good_ = false;  // what remains is of no object, and no session can carry it
  JobResult result_;
};

}  // namespace

JobResult revert_partition(const ReplicationJob& job, const Services& services, DiskThreads& threads,
                           BoardJob& on_board) {
  return Revert(job, services, threads, on_board).run();
}

}  // namespace ssync
