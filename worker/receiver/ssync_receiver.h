// The receiver of a replication session: SSYNC, and REPLICATION in the dialect of 2013.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "common/layout/partition.h"
#include "common/os/disk_threads.h"
#include "common/os/lock_path.h"
#include "common/store/commit_queue.h"
#include "common/store/unfinished_session.h"
#include "worker/metrics/request_metrics.h"
#include "worker/pool/admission.h"
#include "worker/receiver/offered_objects.h"
#include "worker/receiver/paced_input.h"
#include "worker/receiver/session.h"
#include "worker/request/streams.h"

namespace ssync {

class SubrequestTally;

enum class SessionResult {
  complete,  // the response is complete
  cut,       // the connection has to be dropped, so that the sender stops immediately
};

class SsyncReceiver {
 public:
  // The session must have been admitted. metrics get what its subrequests report.
  SsyncReceiver(const Session& session, RequestInput& input, ResponseOutput& output, Admission& admission,
                DiskThreads& threads, RequestMetrics& metrics, std::function<bool()> interrupted);

  // Runs the session from the first blank line to ":UPDATES: END" or an ":ERROR:" line
  // (swift.obj.ssync_receiver.Receiver.__call__). When ":UPDATES: END" is written, all received objects are
  // durable. Its place on the board and the locks are released before the last line is written, so that a
  // sender that has read it can start the next session.
  SessionResult run() noexcept;

 private:
  struct ClientDisconnected;
  class Admitted;

  SessionResult answer() noexcept;
  void note_in_ledger() noexcept;
  void run_phases();
  std::unique_ptr<PathLock> lock_partition(double& seconds_left) const;
  std::unique_ptr<PathLock> lock_device(double seconds_left) const;
  void accept();
  void expect_marker(std::string_view marker, std::string_view context);
  void missing_check();
  void updates(CommitQueue& commits, UnfinishedSession& unfinished);
  void tell_board_of_list();
  void tell_board(const SubrequestTally& tally);
  void tell_held();

  [[nodiscard]] std::string log_prefix() const;
  SessionResult fail(int status, const std::string& repr) noexcept;

  const Session& session_;
  PacedInput input_;
  ResponseOutput& output_;
  Admission& admission_;
  DiskThreads& threads_;
  RequestMetrics& metrics_;
  std::function<bool()> before_a_wait_;  // true to give up
  bool is_accepted_ = false;
  OfferedObjects offered_;
  std::string cut_by_;
  DistributionTotals commits_;
};

}  // namespace ssync
