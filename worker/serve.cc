#include "worker/serve.h"

#include <malloc.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <thread>

#include "common/disk_threads.h"
#include "common/errors.h"
#include "worker/fastcgi_request.h"
#include "worker/http_status.h"
#include "worker/object_read.h"
#include "worker/replication_request.h"
#include "worker/request_log.h"
#include "worker/ssync_receiver.h"

namespace ssync {
namespace {

// What an fsync waits for is a flush of the device's cache, and one flush serves all that wait for it: on a
// disk with such a cache objects per second grow with the threads (tests/bench/README.md). Blocked, they cost
// next to nothing.
constexpr std::size_t kDiskThreads = 128;
// Of a session's batches, and some to spare.
constexpr rlim_t kOpenFiles = 2048;
constexpr std::chrono::seconds kPauseAfterFailedAccept{1};

// As many as the operator allows rather than as many as is usual.
std::uint64_t allowed_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_cur < kOpenFiles && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = std::min<rlim_t>(kOpenFiles, limit.rlim_max);
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0)
      spdlog::warn("RLIMIT_NOFILE cannot be raised: {}", std::strerror(errno));
    ::getrlimit(RLIMIT_NOFILE, &limit);
  }
  return limit.rlim_cur;
}

class Server {
 public:
  Server(const Configuration& configuration, int listening_fd, ReplicationSlots& slots,
         WorkerControl& control)
      : commit_mode_(configuration.settings.pool.durability),
        commit_limits_(CommitLimits::within(allowed_open_files())),
        settings_(configuration.settings.object_server),
        conf_(configuration.swift),
        slots_(slots),
        control_(control),
        request_(listening_fd, {.client_timeout = settings_.client_timeout,
                                .max_line = static_cast<std::size_t>(settings_.network_chunk_size),
                                .interrupted = [this] { return control_.stopping(); }}) {}

  void serve_one();

 private:
  SessionResult answer(const RequestHead& head, RequestOutcome& outcome);
  SessionResult read_object(const RequestHead& head, RequestOutcome& outcome);
  void send_answer(const HttpAnswer& answer, RequestOutcome& outcome);
  void release_memory();

  const CommitMode commit_mode_;
  const CommitLimits commit_limits_;
  const ObjectServerSettings& settings_;
  const SwiftConf& conf_;
  ReplicationSlots& slots_;
  WorkerControl& control_;
  DiskThreads disk_threads_{kDiskThreads};
  FastCgiRequest request_;
};

void Server::send_answer(const HttpAnswer& answer, RequestOutcome& outcome) {
  outcome.status = answer.status;
  outcome.content_length = static_cast<std::int64_t>(answer.body.size());
  request_.write(fmt::format("Status: {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n", answer.status,
                             status_title(answer.status), answer.content_type, answer.body.size()));
  request_.write(answer.body);
}

SessionResult Server::read_object(const RequestHead& head, RequestOutcome& outcome) {
  const auto headers =
      ObjectReadHeaders::from_params([this](const char* name) { return request_.param(name); });
  ObjectRead read(head, headers, settings_, conf_, request_, [this] { return control_.stopping(); });
  const ObjectReadResult result = read.run();
  outcome.status = result.status;
  outcome.content_length = result.content_length;
  return result.is_whole ? SessionResult::complete : SessionResult::cut;
}

SessionResult Server::answer(const RequestHead& head, RequestOutcome& outcome) {
  try {
    if (head.method == "GET" || head.method == "HEAD") return read_object(head, outcome);
    if (head.method == "REPLICATE") {
      send_answer(answer_replicate(head, settings_, conf_, disk_threads_), outcome);
      return SessionResult::complete;
    }
    Session session = open_session(head, settings_, conf_);
    session.commit_mode = commit_mode_;
    session.commit_limits = commit_limits_;
    outcome.status = 200;
    request_.write(
        "Status: 200 OK\r\nContent-Type: text/html; charset=UTF-8\r\n"
        "X-Backend-Accept-No-Commit: True\r\n\r\n");
    SsyncReceiver receiver(session, request_, request_, slots_, disk_threads_,
                           [this] { return control_.stopping(); });
    return receiver.run();
  } catch (const HttpError& error) {
    send_answer(error.answer(), outcome);
    return SessionResult::complete;
  }
}

// A pool's workers wait for requests most of the time, and what each of them holds counts as often.
void Server::release_memory() {
  disk_threads_.end();
  ::malloc_trim(0);
}

void Server::serve_one() {
  try {
    if (!request_.accept()) return;
  } catch (const OsError& error) {
    // The socket stays readable, so without a pause this would come again at once, for as long as it lasts.
    spdlog::error("no connection can be accepted: {}", error.what());
    std::this_thread::sleep_for(kPauseAfterFailedAccept);
    return;
  }
  const auto start = std::chrono::steady_clock::now();
  const RequestHead head =
      RequestHead::from_params([this](const char* name) { return request_.param(name); });
  RequestOutcome outcome;
  SessionResult result = SessionResult::cut;
  try {
    result = answer(head, outcome);
  } catch (const std::exception& error) {
    spdlog::error("ERROR {} {}: {}", head.method, head.uri, error.what());
  }
  if (result == SessionResult::complete) {
    request_.finish();
  } else {
    request_.cut();
  }
  if (settings_.log_requests) {
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    outcome.seconds = taken.count();
    log_request(head, outcome);
  }
  release_memory();
}

}  // namespace

int serve_requests(const Configuration& configuration, int listening_fd, ReplicationSlots& slots,
                   WorkerControl& control) {
  Server server(configuration, listening_fd, slots, control);
  for (;;) {
    control.wait_for_request(listening_fd);
    if (control.stopping() || control.draining()) return 0;
    server.serve_one();
  }
}

}  // namespace ssync
