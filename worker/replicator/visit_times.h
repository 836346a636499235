// When each partition of a device had its last turn, kept over passes and restarts.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "common/os/fd.h"

namespace ssync {

// A file of one line for each turn, "POLICY PARTITION SECONDS", to which is appended. It decides only which
// partition is next, so it is not synced, and what of it makes no sense counts as never. For one thread at a
// time.
class VisitTimes {
 public:
  // Reads the file, if it is there; a file that cannot be read or written is logged, and the times are then
  // forgotten with this object.
  explicit VisitTimes(std::string path);
  ~VisitTimes();
  VisitTimes(const VisitTimes&) = delete;
  VisitTimes& operator=(const VisitTimes&) = delete;

  // Unix time of the last turn, 0 if there was none.
  [[nodiscard]] std::int64_t last(int policy_index, std::uint64_t partition) const;

  // Replaces the file by one of what was asked for with last() alone, if it has grown to more than twice
  // that, and forgets what was read.
  void keep_what_was_asked_for();

  // Notes a turn at this Unix time. Written to the file within a second of the next ones, or by the
  // destructor.
  void note(int policy_index, std::uint64_t partition, std::int64_t seconds);

 private:
  using Clock = std::chrono::steady_clock;
  struct Turn {
    std::int64_t seconds;
    mutable bool was_asked_for;
  };

  void read();
  void take_line(std::string_view line);
  void open();
  void replace_file();
  void write();

  std::string path_;
  std::unordered_map<std::string, Turn> turns_;  // by "POLICY PARTITION"
  std::size_t lines_ = 0;
  Fd file_;
  std::string unwritten_;
  Clock::time_point next_write_ = Clock::now();
};

}  // namespace ssync
