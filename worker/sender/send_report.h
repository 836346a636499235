// Reports about a sender's session: progress and result, for people and programs.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "worker/sender/sender_session.h"

namespace ssync {

struct SendReport {
  SenderProgress progress;
  bool dry_run = false;
  double seconds = 0;
  double cpu_seconds = 0;             // of the process
  std::uint64_t failed = 0;           // objects damaged here, or refused by the receiver
  std::optional<std::string> status;  // why the session ended early or failed
};

// Number of objects that failed here, or at the receiver according to its error: ":ERROR: 500 b'ERROR: With
// :UPDATES: 3 failures to 7 successes'".
std::uint64_t failures_of(const UpdateCounts& updates, const std::string& words);

// The report as one line of JSON, without a line end.
std::string json_of(const SendReport& report);

// The report as one line for people, without a line end.
std::string summary_of(const SendReport& report);

// A progress line on standard error, if that is a terminal.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  // Redraws the line a few times per second.
  void show(const SenderProgress& progress);
  // Removes the line, so that other output can be written.
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
