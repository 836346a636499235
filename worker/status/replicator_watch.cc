#include "worker/status/replicator_watch.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "common/os/blocked_signals.h"
#include "common/os/log.h"

namespace ssync {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kBetweenRounds{1};
// Longer than a round takes if only processes hang.
constexpr std::chrono::milliseconds kMostWait{500};

double epoch_now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// Those that do not answer keep what they told before.
ReplicatorState after_round(const ReplicatorState& before, std::vector<ReplicatorAnswer> answers) {
  ReplicatorState state;
  for (ReplicatorAnswer& answer : answers) {
    ReplicatorProcess process{.socket = answer.socket};
    if (answer.report) {
      process.answers = true;
      process.answered = epoch_now();
      process.report = std::move(answer.report);
    } else if (const auto known =
                   std::ranges::find(before.processes, answer.socket, &ReplicatorProcess::socket);
               known != before.processes.end()) {
      process.answered = known->answered;
      process.report = known->report;
    }
    state.processes.push_back(std::move(process));
  }
  return state;
}

}  // namespace

struct ReplicatorWatch::Shared {
  explicit Shared(Ask how) : ask(std::move(how)) {}

  const Ask ask;
  std::mutex mutex;  // guards all below
  std::condition_variable changed;
  bool is_wanted = false;
  bool is_asking = false;
  bool ends = false;
  bool has_ended = false;
  Clock::time_point round_begun;
  Clock::time_point next_round;
  ReplicatorState state;
  std::string failure;
};

ReplicatorWatch::ReplicatorWatch(const std::string& directory)
    : ReplicatorWatch([directory] { return ask_replicators(directory); }) {}

ReplicatorWatch::ReplicatorWatch(Ask ask) : shared_(std::make_shared<Shared>(std::move(ask))) {
  const BlockedSignals blocked;
  std::thread([shared = shared_] { run(shared); }).detach();
}

ReplicatorWatch::~ReplicatorWatch() {
  std::unique_lock lock(shared_->mutex);
  shared_->ends = true;
  shared_->changed.notify_all();
  shared_->changed.wait_for(lock, kMostWait, [this] { return shared_->has_ended; });
}

void ReplicatorWatch::run(const std::shared_ptr<Shared>& shared) {
  std::unique_lock lock(shared->mutex);
  for (;;) {
    shared->changed.wait(lock, [&] { return shared->ends || shared->is_wanted; });
    if (shared->ends) break;
    shared->is_wanted = false;
    shared->is_asking = true;
    shared->round_begun = Clock::now();
    lock.unlock();
    std::vector<ReplicatorAnswer> answers;
    std::string failure;
    try {
      answers = shared->ask();
    } catch (const std::exception& error) {
      failure = error.what();
    }
    lock.lock();
    // Once, and not each second.
    if (!failure.empty() && failure != shared->failure) {
      log::warning("cannot ask ssync-replicator what it does: {}", failure);
    }
    shared->failure = std::move(failure);
    shared->state = after_round(shared->state, std::move(answers));
    shared->is_asking = false;
    shared->next_round = shared->round_begun + kBetweenRounds;
    shared->changed.notify_all();
  }
  shared->has_ended = true;
  shared->changed.notify_all();
}

ReplicatorState ReplicatorWatch::look() {
  std::unique_lock lock(shared_->mutex);
  const auto now = Clock::now();
  if (!shared_->is_asking && !shared_->is_wanted && now >= shared_->next_round) {
    shared_->is_wanted = true;
    shared_->round_begun = now;
    shared_->changed.notify_all();
  }
  // Of a round that hangs nobody waits for the rest.
  const auto is_over = [this] { return !shared_->is_asking && !shared_->is_wanted; };
  shared_->changed.wait_until(lock, shared_->round_begun + kMostWait, is_over);
  ReplicatorState state = shared_->state;
  if (!is_over()) {
    for (ReplicatorProcess& process : state.processes) process.answers = false;
  }
  return state;
}

}  // namespace ssync
