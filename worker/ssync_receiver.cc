#include "worker/ssync_receiver.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <exception>

#include "common/errors.h"
#include "common/fd.h"
#include "common/python_text.h"
#include "common/suffix_invalidation.h"
#include "worker/http_status.h"
#include "worker/missing_check.h"
#include "worker/object_requests.h"
#include "worker/offer_queue.h"
#include "worker/subrequest_limits.h"
#include "worker/subrequest_tally.h"

namespace ssync {
namespace {

constexpr std::size_t kLongestQuote = 1024;  // bytes of a wrong line that are given back

// An error whose text quotes the sender, whose bytes are Latin-1 to Swift.
ValueError text_error(const std::string& latin1) { return ValueError(python::latin1_to_utf8(latin1)); }

}  // namespace

// The sender closed its side in good order before it began a phase: nobody is left to be told.
struct SsyncReceiver::ClientDisconnected {};

class SsyncReceiver::HeldSlot {
 public:
  explicit HeldSlot(ReplicationSlots& slots) : slots_(slots) {
    if (!slots_.try_acquire()) throw HttpError(standard_answer(503));
  }
  ~HeldSlot() { slots_.release(); }
  HeldSlot(const HeldSlot&) = delete;
  HeldSlot& operator=(const HeldSlot&) = delete;

 private:
  ReplicationSlots& slots_;
};

SsyncReceiver::SsyncReceiver(const Session& session, RequestInput& input, ResponseOutput& output,
                             ReplicationSlots& slots, DiskThreads& threads, std::function<bool()> interrupted)
    : session_(session),
      input_(input),
      output_(output),
      slots_(slots),
      threads_(threads),
      interrupted_(std::move(interrupted)) {}

std::string SsyncReceiver::log_prefix() const {
  return fmt::format("ssync receiver (remote_addr: {}, path: {}/{})", session_.remote_addr, session_.device,
                     session_.partition.name);
}

SessionResult SsyncReceiver::run() noexcept {
  try {
    // nginx passes the response's header on with the first byte of its body, and the sender sends
    // nothing before it has that header.
    output_.write("\r\n");
    output_.flush();
    run_phases();
    output_.write(":UPDATES: START\r\n:UPDATES: END\r\n");
    output_.flush();
    return SessionResult::complete;
  } catch (const ClientDisconnected&) {
    spdlog::error("{} client disconnected", log_prefix());
  } catch (const LockTimeout& timeout) {
    spdlog::debug("{} LOCK TIMEOUT: {}", log_prefix(), timeout.what());
    return fail(0, python::repr_text(timeout.what()));
  } catch (const ClientTimeout& timeout) {
    spdlog::error("{} TIMEOUT: {}", log_prefix(), timeout.what());
    return fail(408, python::repr_text(timeout.what()));
  } catch (const ClientGone& gone) {
    spdlog::error("{} {}", log_prefix(), gone.what());
  } catch (const SessionInterrupted&) {
    spdlog::info("{} ended early: the worker stops", log_prefix());
  } catch (const LockInterrupted& interrupted) {
    spdlog::info("{} ended early: {}", log_prefix(), interrupted.what());
  } catch (const HttpError& error) {
    return fail(error.answer().status, python::repr_bytes(error.answer().body));
  } catch (const std::exception& error) {
    spdlog::error("{} EXCEPTION: {}", log_prefix(), error.what());
    return fail(0, python::repr_text(error.what()));
  }
  return SessionResult::cut;
}

SessionResult SsyncReceiver::fail(int status, const std::string& repr) noexcept {
  try {
    output_.write(":ERROR: " + std::to_string(status) + " " + repr + "\n");
    output_.flush();
  } catch (const std::exception& error) {
    spdlog::error("{} cannot tell the sender: {}", log_prefix(), error.what());
  }
  return SessionResult::cut;
}

void SsyncReceiver::run_phases() {
  const HeldSlot slot(slots_);
  double seconds_left = 0;
  const auto partition_lock = lock_partition(seconds_left);
  const auto device_lock = lock_device(seconds_left);
  const std::string partition = session_.partition.path();
  // Whatever ends the session, its queue is empty before the mark is taken away and the locks are given back.
  UnfinishedSession unfinished(partition_lock->first_file(), partition + "/.lock-replication");
  CommitQueue commits(session_.partition, threads_, session_.commit_mode, session_.commit_limits);
  // Part of the names of all that this session stores. Not only what the lock made: an earlier session may
  // have made them and stored nothing, or REPLICATE, which syncs no names.
  for (const std::string& directory : {session_.partition.device_path, parent_of(partition), partition}) {
    commits.unsynced().add(directory);
  }
  // The missing check of fragments makes some of them durable.
  if (session_.frag_index) unfinished.begin();
  missing_check();
  updates(commits, unfinished);
}

std::unique_ptr<PathLock> SsyncReceiver::lock_partition(double& seconds_left) {
  const auto start = std::chrono::steady_clock::now();
  const int timeout = session_.partition.settings.replication_lock_timeout;
  auto lock = std::make_unique<PathLock>(LockRequest{.directory = session_.partition.path(),
                                                     .name = "replication",
                                                     .limit = 1,
                                                     .timeout = static_cast<double>(timeout),
                                                     .timeout_text = std::to_string(timeout),
                                                     .give_up = interrupted_});
  seconds_left = timeout - std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return lock;
}

std::unique_ptr<PathLock> SsyncReceiver::lock_device(double seconds_left) const {
  const int limit = session_.partition.settings.replication_concurrency_per_device;
  if (limit == 0) return nullptr;
  return std::make_unique<PathLock>(LockRequest{.directory = session_.partition.device_path,
                                                .name = "",
                                                .limit = limit,
                                                .timeout = seconds_left,
                                                .timeout_text = python::float_text(seconds_left),
                                                .give_up = interrupted_});
}

void SsyncReceiver::expect_marker(std::string_view marker, std::string_view context) {
  const std::string_view line = input_.read_line(context);
  if (line.empty()) throw ClientDisconnected();
  if (python::strip(line) != marker) {
    throw ValueError("Looking for " + std::string(marker) + " got " +
                     python::repr_bytes(line.substr(0, kLongestQuote)));
  }
}

void SsyncReceiver::missing_check() {
  expect_marker(":MISSING_CHECK: START", "missing_check start");
  // Answered only after the sender's END, so that it never has to read while it writes.
  const std::string wanted = wanted_offers();
  output_.write(":MISSING_CHECK: START\r\n");
  output_.write(wanted);
  output_.write("\r\n:MISSING_CHECK: END\r\n");
  output_.flush();
}

std::string SsyncReceiver::wanted_offers() {
  const bool is_ssync = session_.dialect == Dialect::ssync;
  std::string wanted;
  const auto want = [&](std::string_view hash) {
    if (!wanted.empty()) wanted += "\r\n";
    wanted += hash;
  };
  OfferQueue offers(session_.partition, session_.frag_index, threads_,
                    [&](const Offer& offer, const LocalObject& local) {
                      if (!is_ssync) {
                        if (wanted_2013(offer, local)) want(offer.object_hash);
                        return;
                      }
                      const std::string_view parts = wanted_parts(offer, local);
                      if (parts.empty()) return;
                      want(offer.object_hash);
                      wanted.append(" ").append(parts);
                    });
  try {
    for (;;) {
      const std::string_view line = input_.read_line("missing_check line");
      if (line.empty() || python::strip(line) == ":MISSING_CHECK: END") break;
      offers.add(is_ssync ? parse_offer(line) : parse_offer_2013(line));
      if (input_.is_waiting()) offers.finish();
    }
  } catch (const std::runtime_error&) {
    // An error of what was offered before would have come first.
    offers.finish();
    throw;
  }
  offers.finish();
  return wanted;
}

Subrequest SsyncReceiver::read_subrequest(std::string_view first_line) {
  Subrequest request(python::strip(first_line));
  std::size_t lines = 0;
  std::size_t bytes = 0;
  for (;;) {
    const std::string_view line = input_.read_line("updates line");
    if (line.empty()) throw text_error("Got no headers for " + request.context);
    const std::string_view stripped = python::strip(line);
    if (stripped.empty()) break;
    bytes += line.size();
    if (++lines > kMaxHeaderLines || bytes > kMaxHeaderBytes) {
      throw text_error("Too many headers for " + request.context);
    }
    request.add_header(stripped);
  }
  check_subrequest(request);
  request.add_backend_headers(session_.partition.policy, session_.frag_index);
  return request;
}

void SsyncReceiver::check_subrequest(const Subrequest& request) const {
  const bool is_post = request.method == "POST" && session_.dialect == Dialect::ssync;
  if (request.method == "DELETE" || is_post) {
    if (request.content_length.value_or(0) != 0) {
      throw text_error(request.method + " subrequest with content-length " + request.path);
    }
  } else if (request.method == "PUT") {
    if (!request.content_length) throw text_error("No content-length sent for " + request.context);
  } else {
    throw text_error("Invalid subrequest method " + request.method);
  }
}

void SsyncReceiver::updates(CommitQueue& commits, UnfinishedSession& unfinished) {
  expect_marker(":UPDATES: START", "updates start");
  const ObjectTarget target{session_.partition, session_.device, commits};
  SubrequestTally tally(target, log_prefix());
  for (;;) {
    const std::string_view line = input_.read_line("updates line");
    if (line.empty() || python::strip(line) == ":UPDATES: END") break;
    const Subrequest request = read_subrequest(line);
    unfinished.begin();
    SubrequestBody body(input_, request.method == "PUT" ? *request.content_length : 0);
    tally.add(request.context, handle_object_request(target, request, body));
    body.drain();
  }
  tally.finish();
  if (tally.successes() != 0) sync_invalidations(session_.partition.path());
  if (tally.failures() != 0) {
    throw HttpError(HttpAnswer{.status = 500,
                               .body = fmt::format("ERROR: With :UPDATES: {} failures to {} successes",
                                                   tally.failures(), tally.successes())});
  }
}

}  // namespace ssync
