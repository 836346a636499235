// When each partition of a device had its last turn, kept over passes and restarts.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "common/os/fd.h"

namespace ssync {

// A file of one line for each turn, "POLICY PARTITION SECONDS", to which is appended. It decides only which
// partition is next, so it is not synced, and what of it makes no sense, or is of more partitions than a
// device can have, counts as never. For one thread at a time. Of each partition some 60 bytes are in memory,
// until keep_what_was_asked_for().
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
  struct Key {
    std::uint64_t partition = 0;
    int policy_index = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct HashOfKey {
    std::size_t operator()(const Key& key) const noexcept;
  };
  struct Turn {
    std::int64_t seconds;
    mutable bool was_asked_for;
  };

  void read();
  void take_lines(const Fd& file);
  void take_line(std::string_view line);
  void open();
  void replace_file();
  void append(int policy_index, std::uint64_t partition, std::int64_t seconds);
  void write();

  std::string path_;
  std::unordered_map<Key, Turn, HashOfKey> turns_;
  std::size_t lines_ = 0;
  Fd file_;
  std::string unwritten_;
  Clock::time_point next_write_ = Clock::now();
};

}  // namespace ssync
