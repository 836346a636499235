#include "worker/replicator/replicator_daemon.h"

#include <chrono>
#include <random>
#include <utility>

#include "common/layout/timestamp.h"
#include "common/os/log.h"
#include "worker/replicator/pass_recon.h"
#include "worker/replicator/plan.h"
#include "worker/replicator/recon_cache.h"
#include "worker/replicator/status_answerer.h"
#include "worker/replicator_report/report_json.h"

namespace ssync {
namespace {

using Clock = std::chrono::steady_clock;

Clock::duration duration_of(double seconds) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

double seconds_since(Clock::time_point begun) {
  return std::chrono::duration<double>(Clock::now() - begun).count();
}

// What outlives a pass: connections to other nodes and to statsd, limits of bandwidth, and what is put first.
class Replicator {
 public:
  Replicator(const DaemonTask& task, const Interruption& interruption)
      : task_(task),
        interruption_(interruption),
        board_(task.settings, task.process, task.processes),
        peers_({.connect = duration_of(task.settings.conn_timeout),
                .answer = duration_of(static_cast<double>(task.settings.http_timeout))},
               connections_, interruption, &board_),
        hash_requests_(peers_),
        gate_(static_cast<std::size_t>(task.settings.concurrency)),
        statsd_(task.settings.statsd, task.settings.log.name),
        bandwidth_(task.settings, task.processes),
        services_{.settings = task.settings,
                  .conf = task.conf,
                  .connections = connections_,
                  .peers = peers_,
                  .hash_requests = hash_requests_,
                  .gate = gate_,
                  .statsd = statsd_,
                  .interruption = interruption,
                  .session_limits = {.timeout = duration_of(static_cast<double>(task.settings.http_timeout)),
                                     .connect_timeout = duration_of(task.settings.conn_timeout),
                                     .node_timeout = duration_of(task.settings.node_timeout)},
                  .bandwidth = bandwidth_,
                  .board = board_},
        priority_(task.priority_file),
        cycle_(static_cast<int>(std::random_device{}() % 10)) {}

  // Returns the minutes that it took.
  double pass(RunMode mode) {
    const auto begun = Clock::now();
    board_.begin_pass(mode == RunMode::once ? PassBoard::Mode::once : PassBoard::Mode::forever);
    cycle_ = (cycle_ + 1) % 10;
    // Who asks for one pass wants all of it.
    const auto cycle = mode == RunMode::once ? std::nullopt : std::optional(cycle_);
    Pass pass(services_, task_.rings, priority_, task_.scope, cycle);
    pass.run();
    board_.end_pass();
    last_ = pass.stats();
    return seconds_since(begun) / 60;
  }

  [[nodiscard]] std::string plan() const {
    return plan_text(plan_pass(services_, task_.rings, task_.scope), task_.conf);
  }

  void report(double minutes) const {
    const PassEnd end{.time = Timestamp::now().seconds(), .minutes = minutes};
    if (task_.report == PassReport::none) return;
    if (task_.report == PassReport::of_each_device) {
      dump_recon_cache(pass_recon_per_disk(of_all_devices(), end), recon_path(task_.settings));
      return;
    }
    PassStats total;
    for (const auto& [device, stats] : last_) total += stats;
    dump_recon_cache(pass_recon(total, end), recon_path(task_.settings));
  }

  // Returns after the interval. Throws Interrupted.
  void rest() {
    board_.rest(task_.settings.interval);
    interruption_.wait(duration_of(task_.settings.interval));
  }

  [[nodiscard]] PassBoard& board() noexcept { return board_; }

 private:
  // Also of those of this process with which nothing happened.
  [[nodiscard]] DeviceStats of_all_devices() const {
    DeviceStats stats = last_;
    for (const std::string& device : task_.scope.devices.value_or(std::set<std::string>())) stats[device];
    return stats;
  }

  const DaemonTask& task_;
  const Interruption& interruption_;
  PassBoard board_;
  KeptConnections connections_;
  PeerRequests peers_;
  HashRequests hash_requests_;
  TransferGate gate_;
  StatsdClient statsd_;
  BandwidthLimits bandwidth_;
  Services services_;
  PriorityList priority_;
  int cycle_;
  DeviceStats last_;
};

StatusAnswerer tells_what(Replicator& replicator, const DaemonTask& task) {
  return {task.settings.recon_cache_path, task.process,
          [&replicator] { return report_text(replicator.board().report()); }};
}

}  // namespace

std::string recon_path(const ReplicatorSettings& settings) {
  return settings.recon_cache_path + "/object.recon";
}

PolicyRings read_rings(const ReplicatorSettings& settings, const SwiftConf& conf) {
  PolicyRings rings;
  for (const StoragePolicy& policy : conf.policies.all()) {
    if (policy.type != PolicyType::replication) continue;
    rings.emplace(policy.index,
                  std::make_shared<WatchedRing>(settings.swift_dir + "/" + policy.ring_name() + ".ring.gz"));
  }
  return rings;
}

std::set<std::string> local_devices(const PolicyRings& rings, const ReplicatorSettings& settings) {
  NodeAddresses addresses(node_addresses(settings.ring_ip));
  std::set<std::string> names;
  for (const auto& [index, watched] : rings) {
    const std::shared_ptr<const Ring> ring = watched->get();
    for (const auto& device : ring->devices()) {
      if (device && is_local(*device, addresses, settings)) names.insert(device->device);
    }
  }
  return names;
}

int effective_handoff_delete(const ReplicatorSettings& settings, const PolicyRings& rings) {
  const int wanted = settings.handoff_delete;
  if (wanted == 0 || std::ranges::any_of(rings, [&](const auto& ring) {
        return ring.second->get()->replica_count() > wanted;
      })) {
    return wanted;
  }
  log::warning("No storage policies found for which handoff_delete={} would have an effect. Disabling.",
               wanted);
  return 0;
}

void replicate_once(const DaemonTask& task, const Interruption& interruption) {
  log::info("Running object replicator in script mode.");
  Replicator replicator(task, interruption);
  [[maybe_unused]] const StatusAnswerer status = tells_what(replicator, task);
  const double minutes = replicator.pass(RunMode::once);
  log::info("Object replication complete (once). ({:.2f} minutes)", minutes);
  replicator.report(minutes);
}

std::string plan_once(const DaemonTask& task, const Interruption& interruption) {
  return Replicator(task, interruption).plan();
}

void replicate_forever(const DaemonTask& task, const Interruption& interruption) {
  log::info("Starting object replicator in daemon mode.");
  Replicator replicator(task, interruption);
  [[maybe_unused]] const StatusAnswerer status = tells_what(replicator, task);
  for (;;) {
    for (const auto& [index, ring] : task.rings) {
      if (ring->reload()) replicator.board().note_ring_change();
    }
    log::info("Starting object replication pass.");
    const double minutes = replicator.pass(RunMode::forever);
    log::info("Object replication complete. ({:.2f} minutes)", minutes);
    replicator.report(minutes);
    replicator.rest();
  }
}

}  // namespace ssync
