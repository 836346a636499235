#include "worker/status/pool_state.h"

#include <chrono>
#include <cstddef>

namespace ssync {

bool is_session(const BoardView& worker) {
  // Before, nobody has looked whether there is such a device.
  if (worker.phase == Phase::checking) return false;
  return worker.request.method == "SSYNC" || worker.request.method == "REPLICATION";
}

std::map<std::string, Flow> PoolState::flows() const {
  std::map<std::string, Flow> found;
  for (const DeviceTotals& device : devices) {
    found[device.device] = {.objects = device.counts.stored,
                            .bytes = device.counts.bytes_in,
                            .failures = device.counts.failed + device.counts.sessions_cut};
  }
  for (const BoardView& worker : workers) {
    if (!is_session(worker)) continue;
    found[worker.request.device] +=
        Flow{.objects = worker.stored, .bytes = worker.bytes_in, .failures = worker.failed};
  }
  return found;
}

PoolState read_pool_state(const Board& board, pid_t own) {
  PoolState state;
  state.time = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  state.room = board.room();
  state.free_slots = board.free_slots();
  for (int place = 0; place < board.places(); ++place) {
    BoardView view = board.view(place);
    if (view.is_used && view.pid != own) state.workers.push_back(std::move(view));
  }
  const Ledger& ledger = board.ledger();
  state.facts = ledger.facts();
  const double left =
      std::chrono::duration<double>(state.facts.next_start - std::chrono::steady_clock::now()).count();
  if (left > 0) state.backoff = left;
  state.devices = ledger.devices();
  state.failures = ledger.failures();
  const Throttles& throttles = board.throttles();
  const auto look = [&](const std::string& device) {
    if (!state.limits.emplace(device, throttles.limits(device)).second) return;
    if (throttles.is_drained(device)) state.drained.insert(device);
  };
  for (const DeviceTotals& device : state.devices) look(device.device);
  for (const Throttles::Own& limited : throttles.own_limits()) look(limited.device);
  for (const std::string& device : throttles.drained()) look(device);
  state.all_drained = throttles.all_drained();
  for (const BoardView& worker : state.workers) {
    if (is_session(worker)) look(worker.request.device);
  }
  for (std::size_t which = 0; which < kDistributions; ++which) {
    state.distributions[which] = ledger.distribution(static_cast<Distribution>(which));
  }
  return state;
}

}  // namespace ssync
