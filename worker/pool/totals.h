// What the pool has done since its start, for each device, in the memory that its processes share.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ssync {

// What is counted. Of sessions that are over; those that run are on the board.
struct DeviceCounts {
  std::int64_t sessions = 0;      // that ended, whole or cut
  std::int64_t sessions_cut = 0;  // of these
  std::int64_t sessions_refused = 0;
  std::int64_t offered = 0;
  std::int64_t wanted = 0;
  std::int64_t stored = 0;  // subrequests that succeeded
  std::int64_t failed = 0;
  std::int64_t bytes_in = 0;
  std::int64_t replicate_requests = 0;
  std::int64_t reads = 0;                // GET and HEAD
  std::int64_t requests_refused = 0;     // of these two kinds, for want of room
  std::int64_t errors = 0;               // of these two kinds, 5xx
  std::int64_t quarantined = 0;          // objects that requests of all kinds put into quarantine
  std::int64_t wait_microseconds = 0;    // that sessions waited for turns and locks
  std::int64_t update_microseconds = 0;  // that sessions were in their updates

  DeviceCounts& operator+=(const DeviceCounts& other);
};

struct DeviceTotals {
  std::string device;
  DeviceCounts counts;
  std::int64_t last_success = 0;  // seconds since the epoch of a whole session's end; 0: none yet
  std::int64_t free_bytes = -1;   // as a session found it at its end; -1: not known yet
  std::int64_t size_bytes = -1;
};

// The latest failures first are the newest.
struct RecentFailure {
  std::int64_t time = 0;  // seconds since the epoch
  std::string device;
  std::string partition;
  std::string remote_addr;
  std::string reason;
};

// Counts of values up to each bound, and the rest.
inline constexpr std::size_t kMostBounds = 12;
enum class Distribution : std::uint8_t { session_seconds, list_rate, update_rate, commit_seconds };
inline constexpr std::size_t kDistributions = 4;
// In seconds, or objects per second; ascending.
std::span<const double> bounds_of(Distribution distribution);

struct DistributionTotals {
  std::array<std::int64_t, kMostBounds + 1> counts{};  // of values in each interval, not cumulated
  double sum = 0;

  void add(Distribution distribution, double value);
  [[nodiscard]] std::int64_t count() const;
};

}  // namespace ssync
