// A replication session: the receiver's side of SSYNC, and of REPLICATION as spoken in 2013.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/commit_queue.h"
#include "common/disk_threads.h"
#include "common/lock_path.h"
#include "common/partition.h"
#include "common/settings.h"
#include "common/unfinished_session.h"
#include "worker/replication_slots.h"
#include "worker/request_streams.h"
#include "worker/subrequest.h"

namespace ssync {

enum class Dialect {
  ssync,             // Swift 2.3 and later: data and metadata are asked for apart
  replication_2013,  // Swift 1.11 to 2.2: bare hashes, PUT and DELETE only
};

// A session whose request was found valid; the 200 has been sent.
struct Session {
  Partition partition;
  std::string device;
  Dialect dialect = Dialect::ssync;
  std::optional<std::int64_t> frag_index;  // X-Backend-Ssync-Frag-Index; replication policies ignore it
  std::string remote_addr;
  CommitMode commit_mode = CommitMode::group;
  CommitLimits commit_limits = {};
};

enum class SessionResult {
  complete,  // the response ends as a whole one
  cut,       // the connection is to be dropped, so that the sender stops at once
};

class SsyncReceiver {
 public:
  SsyncReceiver(const Session& session, RequestInput& input, ResponseOutput& output, ReplicationSlots& slots,
                DiskThreads& threads, std::function<bool()> interrupted);

  // Runs the session from the first blank line to ":UPDATES: END" or an ":ERROR:" line
  // (swift.obj.ssync_receiver.Receiver.__call__). When ":UPDATES: END" is written, all that was received
  // is durable. The slot and the locks are given back before the last line is written, so that whoever
  // reads it can begin the next session. Never throws.
  SessionResult run() noexcept;

 private:
  struct ClientDisconnected;
  class HeldSlot;

  void run_phases();
  std::unique_ptr<PathLock> lock_partition(double& seconds_left);
  std::unique_ptr<PathLock> lock_device(double seconds_left) const;
  void expect_marker(std::string_view marker, std::string_view context);
  void missing_check();
  [[nodiscard]] std::string wanted_offers();
  void updates(CommitQueue& commits, UnfinishedSession& unfinished);
  Subrequest read_subrequest(std::string_view first_line);
  void check_subrequest(const Subrequest& request) const;

  [[nodiscard]] std::string log_prefix() const;
  SessionResult fail(int status, const std::string& repr) noexcept;

  const Session& session_;
  RequestInput& input_;
  ResponseOutput& output_;
  ReplicationSlots& slots_;
  DiskThreads& threads_;
  std::function<bool()> interrupted_;
};

}  // namespace ssync
