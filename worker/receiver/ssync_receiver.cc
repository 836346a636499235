#include "worker/receiver/ssync_receiver.h"

#include <sys/statvfs.h>

#include <chrono>
#include <exception>
#include <initializer_list>

#include "common/os/errors.h"
#include "common/os/lock_path.h"
#include "common/os/log.h"
#include "common/os/log_context.h"
#include "common/os/path.h"
#include "common/python/errors.h"
#include "common/python/number.h"
#include "common/python/repr.h"
#include "common/python/text.h"
#include "worker/http/errors.h"
#include "worker/http/status.h"
#include "worker/object/subrequest_path.h"
#include "worker/object/update_object.h"
#include "worker/protocol/markers.h"
#include "worker/receiver/await_turn.h"
#include "worker/receiver/committing_input.h"
#include "worker/receiver/missing_check.h"
#include "worker/receiver/session_line.h"
#include "worker/receiver/subrequest_tally.h"
#include "worker/request/errors.h"

namespace ssync {

// The sender closed its side cleanly before a phase: there is no one to answer.
struct SsyncReceiver::ClientDisconnected {};

// Leaves the board however the phases end, before the last line is written.
class SsyncReceiver::Admitted {
 public:
  explicit Admitted(Admission& admission) : admission_(admission) {}
  ~Admitted() {
    admission_.leave();
    admission_.set_phase(Phase::ending);
  }
  Admitted(const Admitted&) = delete;
  Admitted& operator=(const Admitted&) = delete;

 private:
  Admission& admission_;
};

namespace {

std::int64_t microseconds_of(double seconds) { return static_cast<std::int64_t>(seconds * 1e6); }

void write_lines(ResponseOutput& output, std::initializer_list<std::string_view> lines) {
  for (const std::string_view line : lines) {
    output.write(line);
    output.write(kLineEnd);
  }
}

}  // namespace

SsyncReceiver::SsyncReceiver(const Session& session, RequestInput& input, ResponseOutput& output,
                             Admission& admission, DiskThreads& threads, RequestMetrics& metrics,
                             std::function<bool()> interrupted)
    : session_(session),
      input_(input, admission.throttles(), session.device, interrupted),
      output_(output),
      admission_(admission),
      threads_(threads),
      metrics_(metrics),
      before_a_wait_([this, interrupted = std::move(interrupted)] {
        accept();
        return interrupted && interrupted();
      }) {}

std::string SsyncReceiver::log_prefix() const {
  return fmt::format("ssync receiver (remote_addr: {}, path: {}/{})", session_.remote_addr, session_.device,
                     session_.partition.name);
}

SessionResult SsyncReceiver::run() noexcept {
  const SessionResult result = answer();
  tell_board_of_list();
  note_in_ledger();
  if (log::is_on(log::Level::info)) {
    const BoardView view = admission_.view();
    const log::Context numbers(session_fields(view, cut_by_));
    log::info("{} {}", log_prefix(), session_line(view, cut_by_));
  }
  return result;
}

// For the status page; a failure to do so is none of the session's.
void SsyncReceiver::note_in_ledger() noexcept {
  try {
    const BoardView view = admission_.view();
    SessionEnd end{.counts = {.sessions = 1,
                              .sessions_cut = cut_by_.empty() ? 0 : 1,
                              .offered = view.offered,
                              .wanted = view.wanted,
                              .stored = view.stored,
                              .failed = view.failed,
                              .bytes_in = view.bytes_in,
                              .wait_microseconds = microseconds_of(view.seconds_waited()),
                              .update_microseconds = microseconds_of(view.seconds_in(Phase::updates))},
                   .partition = session_.partition.name,
                   .remote_addr = session_.remote_addr,
                   .failure = std::string(quotable(cut_by_)),
                   .seconds = view.seconds,
                   .list_seconds = view.seconds_in(Phase::missing_check),
                   .update_seconds = view.seconds_in(Phase::updates),
                   .commits = commits_};
    struct statvfs status {};
    // Of a disk that has just answered; one that has failed is not asked.
    if (cut_by_.empty() && ::statvfs(session_.partition.device_path.c_str(), &status) == 0) {
      end.free_bytes = static_cast<std::int64_t>(status.f_bavail * status.f_frsize);
      end.size_bytes = static_cast<std::int64_t>(status.f_blocks * status.f_frsize);
    }
    admission_.ledger().note_session(session_.device, end);
  } catch (const std::exception& error) {
    log::warning("{} cannot count the session: {}", log_prefix(), error.what());
  }
}

SessionResult SsyncReceiver::answer() noexcept {
  try {
    // nginx forwards the response header with the first byte of the body.
    output_.write("\r\n");
    if (!session_.list_follows) accept();
    run_phases();
    // Leaves with the end of the answer.
    write_lines(output_, {kUpdatesStart, kUpdatesEnd});
    return SessionResult::complete;
  } catch (const ClientDisconnected&) {
    cut_by_ = "client disconnected";
    log::error("{} {}", log_prefix(), cut_by_);
  } catch (const LockTimeout& timeout) {
    cut_by_ = fmt::format("LOCK TIMEOUT: {}", timeout.what());
    log::debug("{} {}", log_prefix(), cut_by_);
    return fail(0, python::repr_text(timeout.what()));
  } catch (const ClientTimeout& timeout) {
    cut_by_ = fmt::format("TIMEOUT: {}", timeout.what());
    log::error("{} {}", log_prefix(), cut_by_);
    return fail(408, python::repr_text(timeout.what()));
  } catch (const ClientGone& gone) {
    cut_by_ = gone.what();
    log::error("{} {}", log_prefix(), cut_by_);
  } catch (const Interrupted& interrupted) {
    cut_by_ = fmt::format("ended early: {}", interrupted.what());
  } catch (const HttpError& error) {
    cut_by_ = error.answer().body;
    return fail(error.answer().status, python::repr_bytes(error.answer().body));
  } catch (const std::exception& error) {
    cut_by_ = fmt::format("EXCEPTION: {}", error.what());
    log::error("{} {}", log_prefix(), cut_by_);
    return fail(0, python::repr_text(error.what()));
  }
  return SessionResult::cut;
}

// Sends the head of the answer. Swift's sender waits for it, and sends its list then.
void SsyncReceiver::accept() {
  if (std::exchange(is_accepted_, true)) return;
  output_.flush();
}

SessionResult SsyncReceiver::fail(int status, const std::string& repr) noexcept {
  try {
    output_.write(error_line(status, repr));
    output_.flush();
  } catch (const SessionEnding& ending) {
    log::error("{} cannot send the error to the sender: {}", log_prefix(), ending.what());
  } catch (const Interrupted&) {
    // The worker stops; the sender sees the connection close.
  } catch (const std::exception& error) {
    log::error("{} cannot send the error to the sender: {}", log_prefix(), error.what());
  }
  return SessionResult::cut;
}

void SsyncReceiver::run_phases() {
  const Admitted admitted(admission_);
  admission_.set_phase(Phase::waiting);
  double seconds_left = await_turn(admission_, session_, before_a_wait_);
  admission_.set_phase(Phase::locking);
  const auto partition_lock = lock_partition(seconds_left);
  const auto device_lock = lock_device(seconds_left);
  const std::string partition = session_.partition.path();
  // However the session ends, its queue is emptied before the mark is removed and the locks are released.
  UnfinishedSession unfinished(partition_lock->first_file(), partition + "/.lock-replication");
  CommitQueue commits(session_.partition, threads_, session_.settings.durability, session_.commit_limits);
  commits.observe([this](std::chrono::duration<double> took) {
    commits_.add(Distribution::commit_seconds, took.count());
  });
  // These directories are in the paths of all objects of this session. They are synced even if the lock did
  // not create them: they may be from an earlier session that stored nothing, or from REPLICATE, which does
  // not sync them.
  for (const std::string& directory : {session_.partition.device_path, parent_of(partition), partition}) {
    commits.unsynced().add(directory);
  }
  // The missing check of fragments may make some durable.
  if (session_.frag_index) unfinished.begin();
  admission_.set_phase(Phase::missing_check);
  missing_check();
  admission_.set_phase(Phase::updates);
  updates(commits, unfinished);
  if (session_.tell_held) tell_held();
}

std::unique_ptr<PathLock> SsyncReceiver::lock_partition(double& seconds_left) const {
  const auto start = std::chrono::steady_clock::now();
  const int timeout = session_.settings.replication_lock_timeout;
  auto lock = std::make_unique<PathLock>(LockRequest{.directory = session_.partition.path(),
                                                     .name = "replication",
                                                     .limit = 1,
                                                     .timeout = seconds_left,
                                                     .timeout_text = std::to_string(timeout),
                                                     .give_up = before_a_wait_});
  seconds_left -= std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return lock;
}

std::unique_ptr<PathLock> SsyncReceiver::lock_device(double seconds_left) const {
  const int limit = session_.settings.replication_concurrency_per_device;
  if (limit == 0) return nullptr;
  return std::make_unique<PathLock>(LockRequest{.directory = session_.partition.device_path,
                                                .name = "",
                                                .limit = limit,
                                                .timeout = seconds_left,
                                                .timeout_text = python::float_text(seconds_left),
                                                .give_up = before_a_wait_});
}

void SsyncReceiver::expect_marker(std::string_view marker, std::string_view context) {
  const std::string_view line = input_.read_line(context);
  if (line.empty()) throw ClientDisconnected();
  if (python::strip(line) != marker) {
    throw ValueError("Looking for " + std::string(marker) + " got " + python::repr_bytes(quotable(line)));
  }
}

void SsyncReceiver::missing_check() {
  expect_marker(kMissingCheckStart, "missing_check start");
  // Answered only after the sender's END, so that the sender need not read while it writes.
  write_lines(output_,
              {kMissingCheckStart, wanted_lines(session_, input_, threads_, offered_), kMissingCheckEnd});
  output_.flush();
  tell_board_of_list();
}

// While the partition is locked, and after all that was received is durable.
void SsyncReceiver::tell_held() {
  write_lines(output_, {kHeldStart});
  offered_.write_held(session_.partition, threads_, output_);
  write_lines(output_, {kHeldEnd});
}

void SsyncReceiver::tell_board_of_list() {
  admission_.progress().offered = offered_.count();
  admission_.progress().wanted = offered_.wanted();
  metrics_.report_quarantines();
}

void SsyncReceiver::tell_board(const SubrequestTally& tally) {
  admission_.progress().stored = tally.successes();
  admission_.progress().failed = tally.failures();
  metrics_.report_quarantines();
}

void SsyncReceiver::updates(CommitQueue& commits, UnfinishedSession& unfinished) {
  expect_marker(kUpdatesStart, "updates start");
  const UpdateTarget target{session_.partition, session_.device, commits, session_.settings, metrics_};
  CommittingInput input(input_, commits);
  SubrequestTally tally(target, log_prefix());
  for (;;) {
    const std::string_view line = input.read_line("updates line");
    if (line.empty() || python::strip(line) == kUpdatesEnd) break;
    input_.use_object();
    Subrequest request = read_subrequest(line, input, session_.dialect);
    request.add_backend_headers(session_.partition.policy, session_.frag_index);
    unfinished.begin();
    SubrequestBody body(input, request.method == "PUT" ? *request.content_length : 0);
    UpdateAnswer answer = update_object(target, request, body);
    // After the answer, as in Swift, whose log line fails; such a path is always refused.
    if (answer.answer.status >= 400) {
      require_no_empty_segment(session_.device, session_.partition.name, request.path);
    }
    tally.add(request.context, std::move(answer));
    body.drain();
    tell_board(tally);
  }
  tally.finish();
  tell_board(tally);
  if (tally.successes() != 0) commits.sync_invalidations();
  if (tally.failures() != 0) {
    throw HttpError(HttpAnswer{.status = 500,
                               .body = fmt::format("ERROR: With :UPDATES: {} failures to {} successes",
                                                   tally.failures(), tally.successes())});
  }
}

}  // namespace ssync
