// What a job reports to statsd, under Swift's names.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>

#include "common/statsd/statsd_client.h"

namespace ssync {

// ObjectReplicator.update() and update_deleted() (revert(), since 2.38) of one partition: its count at the
// beginning, its time at the end. What waits is not timed: Swift's begins a job when there is a place for it.
class JobMetrics {
 public:
  enum class Kind { update, revert };

  JobMetrics(StatsdClient& statsd, Kind kind, const std::string& device) : statsd_(statsd), kind_(kind) {
    if (statsd_.is_on()) statsd_.count(name() + ".count." + device, 1);
  }
  ~JobMetrics() {
    if (statsd_.is_on()) statsd_.timing(name() + ".timing", Clock::now() - begun_);
  }
  JobMetrics(const JobMetrics&) = delete;
  JobMetrics& operator=(const JobMetrics&) = delete;

  // Suffixes that were hashed, also none.
  void add_hashed(std::size_t suffixes) { count("suffix.hashes", suffixes); }
  // Suffixes that a session was about.
  void add_synced(std::size_t suffixes) { count("suffix.syncs", suffixes); }
  // A session that came in holds the partition.
  void add_lock_failure() { count("partition.lock-failure.count", 1); }

  // Calls `wait`, and returns what it does.
  template <typename Wait>
  auto untimed(Wait&& wait) {
    const auto since = Clock::now();
    auto result = std::forward<Wait>(wait)();
    begun_ += Clock::now() - since;
    return result;
  }

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] std::string name() const {
    return kind_ == Kind::update ? "partition.update" : "partition.delete";
  }
  void count(const char* metric, std::size_t by) { statsd_.count(metric, static_cast<std::int64_t>(by)); }

  StatsdClient& statsd_;
  Kind kind_;
  Clock::time_point begun_ = Clock::now();
};

}  // namespace ssync
