// What the pool has done since its start, in memory that all its processes share.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "worker/pool/shared_memory.h"
#include "worker/pool/totals.h"

namespace ssync {

// Of the whole pool, by its master.
struct PoolFacts {
  std::int64_t started = 0;  // seconds since the epoch
  std::int64_t deaths = 0;   // of workers, other than when they were told to end
  std::int64_t reloads = 0;
  // When workers that are missing are started; the epoch of this clock if none are waited with.
  std::chrono::steady_clock::time_point next_start = {};
};

// A session that is over.
struct SessionEnd {
  DeviceCounts counts;  // those of the session; `sessions` is 1
  std::string partition = {};
  std::string remote_addr = {};
  std::string failure = {};  // why it was cut; empty: it was whole
  double seconds = 0;
  double list_seconds = 0;
  double update_seconds = 0;
  // Seconds of each of its commits, as DistributionTotals has them.
  std::optional<DistributionTotals> commits = {};
  std::int64_t free_bytes = -1;
  std::int64_t size_bytes = -1;
};

// Each function holds one mutex for about a microsecond, which a process that dies within gives to the next;
// what it was about to count may be lost then. None touches a disk. All throw OsError only if the mutex
// fails.
class Ledger {
 public:
  // Throws OsError.
  Ledger();
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  // The most devices that are told apart; more are counted together, as kOtherDevices.
  static constexpr std::size_t kMostDevices = 256;
  static constexpr std::string_view kOtherDevices = "(others)";
  static constexpr std::size_t kMostFailures = 64;

  // Whether a device's name was looked at, or is what a sender has made up, which must not take a place.
  enum class Name { checked, unchecked };
  void count(std::string_view device, Name name, const DeviceCounts& by);
  void note_session(std::string_view device, const SessionEnd& end);
  void note_failure(const RecentFailure& failure);
  void note_start(std::int64_t now);
  void note_death();
  void note_reload();
  void note_next_start(std::chrono::steady_clock::time_point when);

  [[nodiscard]] PoolFacts facts() const;
  // In the order in which they were first seen.
  [[nodiscard]] std::vector<DeviceTotals> devices() const;
  // The newest first.
  [[nodiscard]] std::vector<RecentFailure> failures() const;
  [[nodiscard]] DistributionTotals distribution(Distribution which) const;

 private:
  struct Device;
  struct Failure;
  struct Shared;

  [[nodiscard]] Device& device_of(std::string_view name, Name checked);
  void append_failure(const RecentFailure& failure);

  SharedMemory<Shared> shared_;
};

}  // namespace ssync
