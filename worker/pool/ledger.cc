#include "worker/pool/ledger.h"

#include <algorithm>
#include <array>
#include <climits>
#include <ctime>

#include "worker/pool/robust_mutex.h"
#include "worker/pool/shared_text.h"

namespace ssync {
namespace {

constexpr std::size_t kLongestReason = 256;

}  // namespace

struct Ledger::Device {
  std::array<char, NAME_MAX + 1> name{};
  DeviceCounts counts;
  std::int64_t last_success = 0;
  std::int64_t free_bytes = -1;
  std::int64_t size_bytes = -1;
};

struct Ledger::Failure {
  std::int64_t time = 0;
  std::array<char, NAME_MAX + 1> device{};
  std::array<char, 64> partition{};
  std::array<char, 64> remote_addr{};
  std::array<char, kLongestReason> reason{};
};

struct Ledger::Shared {
  RobustMutex mutex;
  PoolFacts facts;
  std::array<Device, kMostDevices + 1> devices;  // the last one is that of all others
  std::size_t used = 0;
  std::array<Failure, kMostFailures> failures;
  std::size_t failures_noted = 0;  // ever
  std::array<DistributionTotals, kDistributions> distributions;
};

Ledger::Ledger() : shared_("ledger of the pool") {
  store_text(shared_->devices[kMostDevices].name, kOtherDevices);
}

Ledger::~Ledger() = default;

Ledger::Device& Ledger::device_of(std::string_view name, Name checked) {
  const auto used = std::min(shared_->used, kMostDevices);
  const auto end = shared_->devices.begin() + static_cast<std::ptrdiff_t>(used);
  const auto found = std::find_if(shared_->devices.begin(), end,
                                  [&](const Device& one) { return view_text(one.name) == name; });
  if (found != end) return *found;
  if (checked == Name::unchecked || used == kMostDevices) return shared_->devices[kMostDevices];
  store_text(found->name, name);
  shared_->used = used + 1;
  return *found;
}

void Ledger::count(std::string_view device, Name name, const DeviceCounts& by) {
  const RobustLock locked(shared_->mutex);
  device_of(device, name).counts += by;
}

void Ledger::note_session(std::string_view device, const SessionEnd& end) {
  const std::int64_t now = std::time(nullptr);
  const RobustLock locked(shared_->mutex);
  Device& mine = device_of(device, Name::checked);
  mine.counts += end.counts;
  if (end.failure.empty()) mine.last_success = now;
  if (end.free_bytes >= 0) {
    mine.free_bytes = end.free_bytes;
    mine.size_bytes = end.size_bytes;
  }
  const auto add = [&](Distribution which, double value) {
    shared_->distributions[static_cast<std::size_t>(which)].add(which, value);
  };
  add(Distribution::session_seconds, end.seconds);
  if (end.counts.offered != 0 && end.list_seconds > 0) {
    add(Distribution::list_rate, static_cast<double>(end.counts.offered) / end.list_seconds);
  }
  if (end.counts.stored != 0 && end.update_seconds > 0) {
    add(Distribution::update_rate, static_cast<double>(end.counts.stored) / end.update_seconds);
  }
  if (end.commits) {
    DistributionTotals& commits =
        shared_->distributions[static_cast<std::size_t>(Distribution::commit_seconds)];
    for (std::size_t bucket = 0; bucket < commits.counts.size(); ++bucket) {
      commits.counts[bucket] += end.commits->counts[bucket];
    }
    commits.sum += end.commits->sum;
  }
  if (end.failure.empty()) return;
  append_failure({.time = now,
                  .device = std::string(device),
                  .partition = end.partition,
                  .remote_addr = end.remote_addr,
                  .reason = end.failure});
}

void Ledger::append_failure(const RecentFailure& failure) {
  Failure& place = shared_->failures[shared_->failures_noted++ % kMostFailures];
  place.time = failure.time;
  store_text(place.device, failure.device);
  store_text(place.partition, failure.partition);
  store_text(place.remote_addr, failure.remote_addr);
  store_text(place.reason, failure.reason);
}

void Ledger::note_failure(const RecentFailure& failure) {
  const RobustLock locked(shared_->mutex);
  append_failure(failure);
}

void Ledger::note_start(std::int64_t now) {
  const RobustLock locked(shared_->mutex);
  shared_->facts.started = now;
}

void Ledger::note_death() {
  const RobustLock locked(shared_->mutex);
  ++shared_->facts.deaths;
}

void Ledger::note_next_start(std::chrono::steady_clock::time_point when) {
  const RobustLock locked(shared_->mutex);
  shared_->facts.next_start = when;
}

void Ledger::note_reload() {
  const RobustLock locked(shared_->mutex);
  ++shared_->facts.reloads;
}

PoolFacts Ledger::facts() const {
  const RobustLock locked(shared_->mutex);
  return shared_->facts;
}

std::vector<DeviceTotals> Ledger::devices() const {
  const RobustLock locked(shared_->mutex);
  std::vector<DeviceTotals> found;
  const auto append = [&](const Device& one) {
    found.push_back({.device = load_text(one.name),
                     .counts = one.counts,
                     .last_success = one.last_success,
                     .free_bytes = one.free_bytes,
                     .size_bytes = one.size_bytes});
  };
  for (std::size_t number = 0; number < std::min(shared_->used, kMostDevices); ++number) {
    append(shared_->devices[number]);
  }
  const DeviceCounts& others = shared_->devices[kMostDevices].counts;
  if (others.sessions + others.sessions_refused + others.requests_refused + others.errors +
          others.replicate_requests + others.reads + others.quarantined !=
      0) {
    append(shared_->devices[kMostDevices]);
  }
  return found;
}

std::vector<RecentFailure> Ledger::failures() const {
  const RobustLock locked(shared_->mutex);
  std::vector<RecentFailure> found;
  const std::size_t noted = shared_->failures_noted;
  for (std::size_t back = 1; back <= std::min(noted, kMostFailures); ++back) {
    const Failure& one = shared_->failures[(noted - back) % kMostFailures];
    found.push_back({.time = one.time,
                     .device = load_text(one.device),
                     .partition = load_text(one.partition),
                     .remote_addr = load_text(one.remote_addr),
                     .reason = load_text(one.reason)});
  }
  return found;
}

DistributionTotals Ledger::distribution(Distribution which) const {
  const RobustLock locked(shared_->mutex);
  return shared_->distributions[static_cast<std::size_t>(which)];
}

}  // namespace ssync
