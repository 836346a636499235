#include "worker/replicator/sync_session.h"

#include <optional>
#include <utility>

#include "common/os/errors.h"
#include "common/os/log.h"
#include "worker/replicator/peer_requests.h"
#include "worker/sender/errors.h"
#include "worker/sender/partition_objects.h"

namespace ssync {
namespace {

// A partition's objects, of which it keeps in mind what was offered.
class RecordedObjects final : public ObjectSource {
 public:
  RecordedObjects(const Partition& partition, const std::vector<std::string>& suffixes,
                  const std::function<bool(const ObjectHash&)>& is_offered, std::vector<Offer>& offered)
      : objects_(partition, suffixes, {}), is_offered_(is_offered), offered_(offered) {}

  bool next(Offer& offer, UpdateCounts& counts) override {
    while (objects_.next(offer, counts)) {
      if (is_offered_ && !is_offered_(offer.hash)) continue;
      offered_.push_back(offer);
      return true;
    }
    return false;
  }
  [[nodiscard]] double share_offered() const override { return objects_.share_offered(); }
  void send(std::size_t number, const ObjectHash& hash, WantedParts wanted, UpdateOutput& output) override {
    if (!output.is_dry_run()) objects_.send(number, hash, wanted, output);
  }

 private:
  PartitionObjects objects_;
  const std::function<bool(const ObjectHash&)>& is_offered_;
  std::vector<Offer>& offered_;
};

JobState state_of(SenderProgress::Phase phase) {
  switch (phase) {
    case SenderProgress::Phase::connecting:
      return JobState::connecting;
    case SenderProgress::Phase::missing_check:
      return JobState::offering;
    case SenderProgress::Phase::answer:
      return JobState::answer;
    case SenderProgress::Phase::updates:
    case SenderProgress::Phase::done:
      break;
  }
  return JobState::sending;
}

// Tells the board, if there is one.
class Told {
 public:
  explicit Told(BoardSession* board) : board_(board) {
    if (board_ != nullptr) board_->enter(JobState::connecting);
  }
  void operator()(const SenderProgress& progress) {
    if (board_ == nullptr) return;
    if (progress.phase != phase_) {
      phase_ = progress.phase;
      board_->enter(state_of(phase_));
    }
    const UpdateCounts& updates = progress.updates;
    board_->note({.offered = progress.offered,
                  .wanted = progress.wanted,
                  .sent = updates.put + updates.post + updates.deleted,
                  .bytes = updates.bytes});
  }

 private:
  BoardSession* board_;
  SenderProgress::Phase phase_ = SenderProgress::Phase::connecting;
};

}  // namespace

SyncResult sync_with_node(const ReplicationJob& job, const Partition& partition, const RingDevice& node,
                          const std::vector<std::string>& suffixes, const SyncWay& way,
                          const Services& services) {
  PeerRequests::Patience patience;
  for (;;) {
    SyncResult result;
    result.is_only_compared = way.kind == SyncKind::only_compare;
    std::optional<RecordedObjects> objects;
    ConnectionLimits limits = limits_of_session(job, node, services);
    if (way.on_board != nullptr) limits.held_back = way.on_board->held_back();
    SenderSession session({.receiver = {.host = node.replication_ip,
                                        .port = std::to_string(node.replication_port),
                                        .device = node.device},
                           .partition = job.partition,
                           .policy_index = job.policy->index,
                           .dry_run = way.kind == SyncKind::only_compare,
                           .ask_held = way.ask_held,
                           .limits = std::move(limits),
                           .kept_connections = &services.connections},
                          services.interruption, Told(way.on_board));
    try {
      session.run([&](bool) -> ObjectSource& {
        return objects.emplace(partition, suffixes, way.is_offered, result.offered);
      });
      result.is_whole = true;
    } catch (const Interrupted&) {
      throw;
    } catch (const std::exception& error) {
      const bool is_busy = dynamic_cast<const ReceiverBusy*>(&error) != nullptr;
      if (is_busy && services.peers.wait_for_room(node, patience)) continue;
      log::error("{}/{} {}", node_text(node), job.partition, error.what());
      if (way.on_board != nullptr) way.on_board->note_failure(error.what());
    }
    result.held = session.held();
    result.tells_held = session.tells_held();
    result.wanted.resize(result.offered.size());
    for (std::size_t number = 0; number < result.offered.size() && number < session.offers().size();
         ++number) {
      result.wanted[number] = session.offers().wanted(number);
    }
    return result;
  }
}

}  // namespace ssync
