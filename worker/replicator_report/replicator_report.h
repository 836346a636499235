// What a process of ssync-replicator tells of itself to who asks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ssync {

// Lists are no longer than this; a report says how many were left out.
inline constexpr std::size_t kMostReportedDevices = 256;
inline constexpr std::size_t kMostReportedPeers = 1024;
inline constexpr std::size_t kMostReportedJobs = 256;
// Bytes of a reason, and of a name; what is longer is cut.
inline constexpr std::size_t kLongestReason = 200;
inline constexpr std::size_t kLongestName = 300;
// Bytes of a whole report.
inline constexpr std::size_t kLongestReport = std::size_t{1} << 20U;

// Times of the day are seconds since the epoch.

// A pass, the present one or that before the wait.
struct ReportedPass {
  std::int64_t number = 0;
  std::string state = {};  // "finding partitions", "replicating", "waiting"
  double begun = 0;
  std::optional<double> until = {};  // of a wait: when the next one begins
  std::int64_t partitions = 0;
  std::int64_t done = 0;
  std::int64_t running = 0;
  std::int64_t left = 0;  // neither done nor running
  std::int64_t handoffs = 0;
  std::int64_t handoffs_left = 0;  // that are still here, or have not had their turn
  double rate = 0;                 // partitions per second since it began
  double rate_lately = 0;          // in the last minute
  std::optional<double> remaining_seconds = {};
};

struct ReportedLastPass {
  double ended = 0;
  double seconds = 0;
  std::int64_t partitions = 0;
  std::int64_t done = 0;
  std::int64_t handoffs_left = 0;
  std::string ended_early = {};  // why; empty: it did not
};

struct ReportedRingChanges {
  std::int64_t count = 0;
  std::optional<double> last = {};
};

// 0: no limit.
struct ReportedLimits {
  std::int64_t concurrency = 0;
  std::int64_t bandwidth_per_peer = 0;
  std::int64_t bandwidth_per_device = 0;
  double interval = 0;
  bool handoffs_first = false;
  std::int64_t handoff_delete = 0;
};

// One of this node's. Partitions are those of the pass; the rest is since the start of the process.
struct ReportedDevice {
  std::string device = {};
  std::int64_t partitions = 0;
  std::int64_t done = 0;
  std::int64_t handoffs_left = 0;
  std::int64_t failures = 0;  // of a partition with a device elsewhere
  std::int64_t objects_sent = 0;
  std::int64_t bytes_sent = 0;
  std::string last_error = {};
  std::optional<double> last_error_time = {};
};

// A device elsewhere.
struct ReportedPeer {
  std::string peer = {};  // "ip:port/device"
  std::int64_t sessions = 0;
  std::int64_t waiting = 0;  // for their turn with it, or until it has room
  std::int64_t objects_sent = 0;
  std::int64_t bytes_sent = 0;
  std::int64_t failures = 0;  // of sessions and of questions
  std::string last_failure = {};
  std::optional<double> last_failure_time = {};
};

// A partition under way; one that has sessions side by side is there once for each.
struct ReportedJob {
  std::string device = {};
  std::string partition = {};
  std::int64_t policy = 0;
  std::string kind = {};  // "update", "revert"
  std::string peer = {};  // empty: none just now
  std::string state = {};
  double seconds = 0;  // in this state
  double age = 0;      // since the job began
  std::int64_t offered = 0;
  std::int64_t wanted = 0;
  std::int64_t sent = 0;
  std::int64_t bytes = 0;
};

struct ReplicatorReport {
  double time = 0;
  double started = 0;
  std::int64_t pid = 0;
  std::int64_t process = 0;    // its number among
  std::int64_t processes = 1;  // those that share the node's devices
  std::string mode = {};       // "once", "forever"
  ReportedPass pass = {};
  std::optional<ReportedLastPass> last_pass = {};
  ReportedRingChanges ring_changes = {};
  ReportedLimits limits = {};
  std::vector<ReportedDevice> devices = {};
  std::int64_t devices_left_out = 0;
  std::vector<ReportedPeer> peers = {};  // those used last come first
  std::int64_t peers_left_out = 0;
  std::vector<ReportedJob> jobs = {};
  std::int64_t jobs_left_out = 0;
};

}  // namespace ssync
