// Counting a session's subrequests, and ending it when too many of them fail.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>

#include "worker/object_requests.h"

namespace ssync {

// Counts, and logs failures, in the order in which the subrequests came, also while the outcome of some is
// still in the commit queue: what the sender is told is what it would be told if each had been waited for.
// The end may come after a few more of them than the one that was too much, if that failed as late as in the
// queue.
class SubrequestTally {
 public:
  // log_prefix begins each line about a failure.
  SubrequestTally(const ObjectTarget& target, std::string log_prefix);
  // Waits for what is in the queue, whose failures are logged even if the session ended otherwise.
  ~SubrequestTally();
  SubrequestTally(const SubrequestTally&) = delete;
  SubrequestTally& operator=(const SubrequestTally&) = delete;

  // Throws ValueError when failures are as many as replication_failure_threshold and, to the successes, more
  // than replication_failure_ratio (Receiver.updates).
  void add(const std::string& context, ObjectAnswer answer);
  // Waits for what is in the queue, and counts it. Throws as add().
  void finish();

  [[nodiscard]] int successes() const noexcept { return successes_; }
  [[nodiscard]] int failures() const noexcept { return failures_; }

 private:
  struct Waiting {
    std::string context;
    HttpAnswer answer;
    std::optional<CommitTicket> ticket;
  };

  void log_failure(const Waiting& subrequest) const;
  void take_results();
  void count_known();
  void count(const Waiting& subrequest);

  const ObjectTarget& target_;
  std::string log_prefix_;
  std::deque<Waiting> waiting_;  // from the first whose outcome is not known
  int waiting_failures_ = 0;     // among them
  int successes_ = 0;
  int failures_ = 0;
};

}  // namespace ssync
