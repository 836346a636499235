#include "worker/replicator/plan.h"

#include <fmt/core.h>
#include <sys/stat.h>

#include <exception>
#include <map>
#include <mutex>
#include <set>
#include <vector>

#include "common/os/disk_threads.h"
#include "common/os/errors.h"
#include "common/os/log.h"
#include "common/os/log_context.h"
#include "common/python/hex.h"
#include "worker/replicator/handoff_contents.h"
#include "worker/replicator/remote_hashes.h"
#include "worker/replicator/sync_session.h"

namespace ssync {
namespace {

constexpr std::size_t kMostAtOnce = 16;

std::uint64_t bytes_of(const Partition& partition, const HandoffObject& object) {
  if (!object.files.data) return 0;
  struct stat status {};
  const std::string path =
      fmt::format("{}/{}", partition.hash_dir(python::to_hex(object.hash)), object.files.data->name);
  return ::stat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

class JobPlan {
 public:
  JobPlan(const ReplicationJob& job, const Services& services)
      : job_(job),
        services_(services),
        partition_(partition_of(job, services)),
        contents_(list_handoff(partition_)) {}

  void make() {
    std::set<std::int64_t> regions;  // others, of which one node gets it
    for (const RingDevice* node : job_.nodes) {
      if (regions.contains(node->region)) continue;
      try {
        if (visit(*node) && node->region != job_.region) regions.insert(node->region);
      } catch (const Interrupted&) {
        throw;
      } catch (const std::exception& error) {
        log::error("Error syncing with node: {}: {}", node_text(*node), error.what());
        ++plan_.unknown[node_text(*node)];
      }
    }
  }

  void add_to(DevicePlan& plan) const {
    if (job_.is_handoff) {
      ++plan.handoffs;
    } else if (!plan_.transfers.empty()) {
      ++plan.differing;
    } else if (plan_.unknown.empty()) {
      ++plan.in_sync;
    }
    for (const auto& [node, transfer] : plan_.transfers) plan.transfers[node] += transfer;
    for (const auto& [node, partitions] : plan_.unknown) plan.unknown[node] += partitions;
  }

 private:
  // True if something would be sent.
  bool visit(const RingDevice& node) {
    const auto suffixes = suffixes_for(node);
    if (!suffixes) {
      ++plan_.unknown[node_text(node)];
      return false;
    }
    if (suffixes->empty()) return false;
    const SyncResult session =
        sync_with_node(job_, partition_, node, *suffixes, {.kind = SyncKind::only_compare}, services_);
    if (!session.is_whole) {
      ++plan_.unknown[node_text(node)];
      return false;
    }
    PlannedTransfer& transfer = plan_.transfers[node_text(node)];
    transfer.partitions = 1;
    transfer.suffixes = suffixes->size();
    std::map<ObjectHash, const HandoffObject*> objects;
    for (const HandoffObject& object : contents_.objects) objects.emplace(object.hash, &object);
    for (std::size_t number = 0; number < session.offered.size(); ++number) {
      if (!session.wanted[number].any()) continue;
      ++transfer.objects;
      const auto object = objects.find(session.offered[number].hash);
      if (session.wanted[number].data && object != objects.end()) {
        transfer.bytes += bytes_of(partition_, *object->second);
      }
    }
    return true;
  }

  // Those that differ; of a handoff all. nullopt if the node does not say.
  [[nodiscard]] std::optional<std::vector<std::string>> suffixes_for(const RingDevice& node) const {
    const auto theirs = job_.is_handoff ? SuffixHashes() : ask_suffix_hashes(node, job_, services_.peers);
    if (!theirs) return std::nullopt;
    return differing_suffixes(contents_.suffixes, *theirs);
  }

  const ReplicationJob& job_;
  const Services& services_;
  Partition partition_;
  HandoffContents contents_;
  DevicePlan plan_;
};

std::string words_of(const PlannedTransfer& transfer) {
  return fmt::format("{} partitions, {} suffixes, {} objects, {} bytes", transfer.partitions,
                     transfer.suffixes, transfer.objects, transfer.bytes);
}

}  // namespace

PlannedTransfer& PlannedTransfer::operator+=(const PlannedTransfer& other) {
  partitions += other.partitions;
  suffixes += other.suffixes;
  objects += other.objects;
  bytes += other.bytes;
  return *this;
}

Plan plan_pass(const Services& services, const PolicyRings& rings, PassScope scope) {
  scope.only_look = true;
  LocalPartitions found;
  DeviceStats stats;
  NodeAddresses addresses(node_addresses(services.settings.ring_ip));
  for (const auto& [index, watched] : rings) {
    if (scope.policies && !scope.policies->contains(index)) continue;
    collect_jobs(*services.conf.policies.by_index(index), *watched, services.settings, scope, addresses,
                 found, stats);
  }
  Plan plan;
  std::mutex mutex;
  std::exception_ptr interrupted;
  DiskThreads threads(kMostAtOnce);
  threads.for_each(found.waiting.size(), [&](std::size_t number) {
    const ReplicationJob job = job_of(found.waiting[number]);
    const log::Context context(log_fields(job));
    try {
      services.interruption.check();
      JobPlan of_job(job, services);
      of_job.make();
      const std::lock_guard lock(mutex);
      of_job.add_to(plan[{job.policy->index, job.device}]);
    } catch (const Interrupted&) {
      const std::lock_guard lock(mutex);
      interrupted = std::current_exception();
    } catch (const std::exception& error) {
      log::error("{}", error.what());
      const std::lock_guard lock(mutex);
      ++plan[{job.policy->index, job.device}].unknown["this node"];
    }
  });
  if (interrupted) std::rethrow_exception(interrupted);
  return plan;
}

std::string plan_text(const Plan& plan, const SwiftConf& conf) {
  std::string text;
  DevicePlan all;
  for (const auto& [key, device] : plan) {
    const auto& [index, name] = key;
    text += fmt::format("policy {} ({}), {}: {} partitions in sync, {} differ, {} handoffs\n", index,
                        conf.policies.by_index(index)->name, name, device.in_sync, device.differing,
                        device.handoffs);
    for (const auto& [node, transfer] : device.transfers) {
      text += fmt::format("  to {}: {}\n", node, words_of(transfer));
      all.transfers[""] += transfer;
    }
    for (const auto& [node, partitions] : device.unknown) {
      text += fmt::format("  not known of {}: {} partitions; the log says why\n", node, partitions);
      all.unknown[""] += partitions;
    }
    all.in_sync += device.in_sync;
    all.differing += device.differing;
    all.handoffs += device.handoffs;
  }
  text += fmt::format("in all: {} partitions in sync, {} differ, {} handoffs; to send: {}", all.in_sync,
                      all.differing, all.handoffs, words_of(all.transfers[""]));
  if (all.unknown.contains("")) text += fmt::format("; not known: {} partitions", all.unknown[""]);
  return text + "\nNothing was changed.\n";
}

}  // namespace ssync
