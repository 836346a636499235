#include "worker/pool/totals.h"

#include <algorithm>
#include <numeric>

namespace ssync {
namespace {

constexpr std::array kSessionSeconds{0.01, 0.03, 0.1,   0.3,   1.0,    3.0,
                                     10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0};
constexpr std::array kRates{10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0, 10000.0, 30000.0, 100000.0, 300000.0};
constexpr std::array kCommitSeconds{0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0};

}  // namespace

DeviceCounts& DeviceCounts::operator+=(const DeviceCounts& other) {
  sessions += other.sessions;
  sessions_cut += other.sessions_cut;
  sessions_refused += other.sessions_refused;
  offered += other.offered;
  wanted += other.wanted;
  stored += other.stored;
  failed += other.failed;
  bytes_in += other.bytes_in;
  replicate_requests += other.replicate_requests;
  reads += other.reads;
  requests_refused += other.requests_refused;
  errors += other.errors;
  quarantined += other.quarantined;
  wait_microseconds += other.wait_microseconds;
  update_microseconds += other.update_microseconds;
  return *this;
}

std::span<const double> bounds_of(Distribution distribution) {
  switch (distribution) {
    case Distribution::session_seconds:
      return kSessionSeconds;
    case Distribution::commit_seconds:
      return kCommitSeconds;
    case Distribution::list_rate:
    case Distribution::update_rate:
      break;
  }
  return kRates;
}

void DistributionTotals::add(Distribution distribution, double value) {
  const std::span<const double> bounds = bounds_of(distribution);
  ++counts[static_cast<std::size_t>(std::ranges::lower_bound(bounds, value) - bounds.begin())];
  sum += value;
}

std::int64_t DistributionTotals::count() const {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

}  // namespace ssync
