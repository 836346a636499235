#include "worker/replicator/update_partition.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "common/layout/partition.h"
#include "common/os/errors.h"
#include "common/os/log.h"
#include "common/ring/handoffs.h"
#include "common/store/suffix_hashes.h"
#include "worker/replicator/job_metrics.h"
#include "worker/replicator/remote_hashes.h"
#include "worker/replicator/sync_session.h"

namespace ssync {
namespace {

// Of a comparison that waits for its session. By then another replicator may have sent what differed.
constexpr std::chrono::milliseconds kStale{100};

class Update {
 public:
  Update(const ReplicationJob& job, const Services& services, DiskThreads& threads, BoardJob& on_board)
      : job_(job),
        services_(services),
        threads_(threads),
        on_board_(on_board),
        partition_(partition_of(job, services)),
        metrics_(services.statsd, JobMetrics::Kind::update, job.device) {}

  JobResult run(bool list_directory) {
    try {
      const PartitionHashes hashes = hash_partition(partition_, threads_, {.list_directory = list_directory});
      ours_ = suffix_hashes_of(hashes.suffixes);
      result_.suffix_hash += hashes.hashed;
      metrics_.add_hashed(hashes.hashed);
      visit_nodes();
    } catch (const Interrupted&) {
      throw;
    } catch (const std::exception& error) {
      result_.failures.insert(result_.targets.begin(), result_.targets.end());
      log::error("Error syncing partition {}: {}", partition_.path(), error.what());
      services_.board.note_error(job_.device, "partition " + job_.partition + ": " + error.what());
    }
    return std::move(result_);
  }

 private:
  void visit_nodes() {
    std::vector<const RingDevice*> nodes = job_.nodes;
    static thread_local std::minstd_rand source{std::random_device{}()};
    std::shuffle(nodes.begin(), nodes.end(), source);
    Handoffs handoffs(*job_.ring, job_.number);
    std::size_t next = 0;
    for (attempts_left_ = nodes.size(); attempts_left_ != 0;) {
      const RingDevice* const node = next < nodes.size() ? nodes[next++] : handoffs.next();
      if (node == nullptr) {
        log::error("Ran out of handoffs while replicating partition {} of policy {}", job_.partition,
                   job_.policy->index);
        return;
      }
      result_.add_target(*node);
      --attempts_left_;
      if (synced_regions_.contains(node->region)) continue;
      try {
        visit(*node);
      } catch (const Interrupted&) {
        throw;
      } catch (const std::exception& error) {
        result_.add_failure(*node);
        log::error("Error syncing with node: {}: {}", node_text(*node), error.what());
        services_.board.note_failure(job_.device, *node, error.what());
      }
    }
    result_.suffix_count += ours_.size();
  }

  // Another copy somewhere else, unless those there are already suffice for handoff_delete.
  void replace_unmounted() {
    if (services_.settings.handoff_delete == 0) {
      ++attempts_left_;
      return;
    }
    const std::size_t safe = 1 + result_.targets.size() - result_.failures.size();
    const auto wanted = static_cast<std::size_t>(services_.settings.handoff_delete);
    if (safe + attempts_left_ < wanted) ++attempts_left_;
  }

  [[nodiscard]] PeerAnswer ask(const RingDevice& node) const {
    return services_.hash_requests.ask(node, *job_.policy, job_.partition);
  }

  void visit(const RingDevice& node) {
    on_board_.enter(JobState::comparing, &node);
    const PeerAnswer answer = ask(node);
    if (answer.head.status == 507) {
      log::error("{} responded as unmounted", node_text(node));
      services_.board.note_failure(job_.device, node, "responded as unmounted");
      result_.add_failure(node);
      replace_unmounted();
      return;
    }
    if (answer.head.status != 200) {
      log::error("Invalid response {} from {}", answer.head.status, node_text(node));
      services_.board.note_failure(job_.device, node,
                                   "invalid response " + std::to_string(answer.head.status));
      result_.add_failure(node);
      return;
    }
    const SuffixHashes theirs = parse_remote_hashes(answer.body);
    std::vector<std::string> suffixes = differing_suffixes(ours_, theirs);
    if (!suffixes.empty()) {
      // They may differ only because they have changed here meanwhile.
      on_board_.enter(JobState::hashing);
      const PartitionHashes hashes = hash_partition(partition_, threads_, {.recalculate = suffixes});
      metrics_.add_hashed(hashes.hashed);
      ours_ = suffix_hashes_of(hashes.suffixes);
      suffixes = differing_suffixes(ours_, theirs);
    }
    if (suffixes.empty()) {
      ++result_.hashmatch;
      return;
    }
    sync(node, suffixes, answer.is_from_ours());
  }

  void sync(const RingDevice& node, std::vector<std::string> suffixes, bool is_receiver_ours) {
    const auto compared = std::chrono::steady_clock::now();
    BoardSession session_on_board(on_board_, node);
    auto turn = metrics_.untimed([&] {
      return services_.gate.wait_for_session(node_text(node), [this] { services_.interruption.check(); });
    });
    if (!is_receiver_ours) turn.needs_gaps();
    if (std::chrono::steady_clock::now() - compared > kStale) {
      session_on_board.enter(JobState::comparing);
      if (const PeerAnswer answer = ask(node); answer.head.status == 200) {
        suffixes = differing_suffixes(ours_, parse_remote_hashes(answer.body));
      }
    }
    if (suffixes.empty()) {
      ++result_.hashmatch;
      return;
    }
    ++result_.rsync;
    const SyncResult session =
        sync_with_node(job_, partition_, node, suffixes, {.on_board = &session_on_board}, services_);
    if (!session.is_whole) {
      result_.add_failure(node);
    } else if (node.region != job_.region) {
      synced_regions_.insert(node.region);
    }
    result_.suffix_sync += suffixes.size();
    metrics_.add_synced(suffixes.size());
  }

  const ReplicationJob& job_;
  const Services& services_;
  DiskThreads& threads_;
  BoardJob& on_board_;
  Partition partition_;
  JobMetrics metrics_;
  SuffixHashes ours_;
  std::size_t attempts_left_ = 0;
  std::set<std::int64_t> synced_regions_;
  JobResult result_;
};

}  // namespace

JobResult update_partition(const ReplicationJob& job, const Services& services, DiskThreads& threads,
                           bool list_directory, BoardJob& on_board) {
  return Update(job, services, threads, on_board).run(list_directory);
}

}  // namespace ssync
