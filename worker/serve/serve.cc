#include "worker/serve/serve.h"

#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <functional>

#include "common/os/errors.h"
#include "common/os/log.h"
#include "common/os/log_context.h"
#include "worker/fastcgi/fastcgi_request.h"
#include "worker/metrics/request_metrics.h"
#include "worker/request/errors.h"
#include "worker/request/log.h"
#include "worker/request/log_fields.h"
#include "worker/serve/counted_streams.h"
#include "worker/serve/routes.h"

namespace ssync {
namespace {

// An fsync waits for a flush of the device's cache, and one flush serves all waiting threads: on a disk with
// a cache, objects per second grow with the threads (tests/bench/README.md). Blocked threads cost almost
// nothing.
constexpr std::size_t kDiskThreads = 128;
// Enough for the directories of a session of one object, which would start them each time.
constexpr std::size_t kIdleThreads = 4;
// Free bytes that an idle worker may keep.
constexpr std::size_t kIdleMemory = std::size_t{256} * 1024;
// For a session's batches, with some to spare.
constexpr rlim_t kOpenFiles = 2048;

// Raises the limit to kOpenFiles, as far as the hard limit allows.
std::uint64_t allowed_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_cur < kOpenFiles && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = std::min<rlim_t>(kOpenFiles, limit.rlim_max);
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
      log::warning("cannot raise RLIMIT_NOFILE: {}", std::strerror(errno));
    }
    ::getrlimit(RLIMIT_NOFILE, &limit);
  }
  return limit.rlim_cur;
}

class Server {
 public:
  Server(const Configuration& configuration, int listening_fd, BoardPlace& place, WorkerControl& control)
      : settings_(configuration.settings.receiver),
        place_(place),
        stopping_([&control] { return control.stopping(); }),
        metrics_(configuration.settings.statsd, configuration.settings.log.name),
        routes_(configuration, place, threads_, metrics_, CommitLimits::within(allowed_open_files()),
                stopping_),
        request_(listening_fd, {.client_timeout = settings_.client_timeout,
                                .max_line = static_cast<std::size_t>(settings_.network_chunk_size),
                                .interrupted = stopping_}) {}

  void serve_one();

 private:
  void serve_accepted();
  void release_memory();

  const ReceiverSettings& settings_;
  BoardPlace& place_;
  const std::function<bool()> stopping_;
  DiskThreads threads_{kDiskThreads};
  RequestMetrics metrics_;
  Routes routes_;
  FastCgiRequest request_;
};

// Most workers are idle most of the time, so the memory that each holds is multiplied. What little a short
// session leaves the next one needs again.
void Server::release_memory() {
  threads_.end_all_but(kIdleThreads);
  if (::mallinfo2().fordblks > kIdleMemory) ::malloc_trim(0);
}

void Server::serve_one() {
  place_.begin(Phase::reading_head);
  serve_accepted();
  place_.set_phase(Phase::idle);
}

void Server::serve_accepted() {
  if (!request_.accept_or_pause()) return;
  const auto start = std::chrono::steady_clock::now();
  place_.set_phase(Phase::checking);
  Progress& progress = place_.progress();
  CountedInput input(request_, progress);
  CountedOutput output(request_, progress);
  const Request request{input, output, [this](const char* name) { return request_.param(name); }};
  const RequestHead head = RequestHead::from_params(request.param);
  const log::Context context(log_fields(head));
  RequestOutcome outcome;
  SessionResult result = SessionResult::cut;
  try {
    result = routes_.answer(request, head, outcome);
  } catch (const SessionEnding& ending) {
    log::error("ERROR {} {}: {}", head.method, head.uri, ending.what());
  } catch (const Interrupted& interrupted) {
    log::info("{} {} ended early: {}", head.method, head.uri, interrupted.what());
  } catch (const std::exception& error) {
    log::error("ERROR {} {}: {}", head.method, head.uri, error.what());
  }
  metrics_.report_quarantines();
  if (result == SessionResult::complete) {
    request_.finish();
  } else {
    request_.cut();
  }
  if (settings_.log_requests && outcome.is_logged) {
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    outcome.seconds = taken.count();
    log_request(head, outcome);
  }
  release_memory();
}

}  // namespace

int serve_requests(const Configuration& configuration, int listening_fd, BoardPlace& place,
                   WorkerControl& control) {
  Server server(configuration, listening_fd, place, control);
  place.set_phase(Phase::idle);
  serve_until_told(control, listening_fd, [&] { server.serve_one(); });
  return 0;
}

}  // namespace ssync
