// Counts a session's subrequests, and ends the session when too many of them fail.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>

#include "worker/object/update_object.h"

namespace ssync {

// Counts and logs failures in the order of the subrequests, even if the outcome of some is still pending in
// the commit queue: the sender gets the same result as if each had been waited for. If the failure that
// exceeds the limit happens in the queue, the session may end a few subrequests later.
class SubrequestTally {
 public:
  // log_prefix is the start of each log line about a failure.
  SubrequestTally(const UpdateTarget& target, std::string log_prefix);
  // Waits for the queue; failures in it are logged even if the session ended early.
  ~SubrequestTally();
  SubrequestTally(const SubrequestTally&) = delete;
  SubrequestTally& operator=(const SubrequestTally&) = delete;

  // Throws ValueError when the failures reach replication_failure_threshold and their ratio to the successes
  // exceeds replication_failure_ratio (Receiver.updates).
  void add(const std::string& context, UpdateAnswer answer);
  // Waits for the queue, and counts its results. Throws as add().
  void finish();

  [[nodiscard]] int successes() const noexcept { return successes_; }
  [[nodiscard]] int failures() const noexcept { return failures_; }

 private:
  struct Waiting {
    std::string context;
    HttpAnswer answer;
    std::optional<CommitTicket> ticket;
    std::optional<RequestTimer> timer;
  };

  void log_failure(const Waiting& subrequest) const;
  void take_results();
  void count_known();
  void count(const Waiting& subrequest);

  const UpdateTarget& target_;
  std::string log_prefix_;
  std::deque<Waiting> waiting_;  // from the first one with a pending outcome
  int waiting_failures_ = 0;     // among waiting_
  int successes_ = 0;
  int failures_ = 0;
};

}  // namespace ssync
