// What a sender tells of its session: while it runs, at its end, to people and to programs.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "worker/ssync_sender.h"

namespace ssync {

struct SendReport {
  SenderProgress progress;
  bool dry_run = false;
  double seconds = 0;
  double cpu_seconds = 0;             // of the process
  std::uint64_t failed = 0;           // damaged here, or refused by the receiver
  std::optional<std::string> status;  // why the session ended early, or badly
};

// Objects that failed here or at the receiver, by its last words: ":ERROR: 500 b'ERROR: With :UPDATES: 3
// failures to 7 successes'".
std::uint64_t failures_of(const UpdateCounts& updates, const std::string& words);

// One JSON object in one line, without its line end.
std::string json_of(const SendReport& report);

// One line for people, without its line end.
std::string summary_of(const SendReport& report);

// The line on standard error that follows a session's progress, if that is a terminal.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // Draws the line anew a few times a second.
  void show(const SenderProgress& progress);
  // Takes the line away, for others to write to the terminal.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  bool is_terminal_;
  bool is_drawn_ = false;
  unsigned calls_ = 0;
  SenderProgress::Phase phase_ = SenderProgress::Phase::connecting;
  Clock::time_point drawn_at_;
};

}  // namespace ssync
