// Dispatches requests by their method.
#pragma once

#include <functional>

#include "common/config/configuration.h"
#include "common/os/disk_threads.h"
#include "common/store/commit_queue.h"
#include "worker/http/status.h"
#include "worker/metrics/request_metrics.h"
#include "worker/metrics/request_timer.h"
#include "worker/pool/board.h"
#include "worker/receiver/ssync_receiver.h"
#include "worker/request/head.h"
#include "worker/request/log.h"
#include "worker/request/streams.h"
#include "worker/serve/replication_request.h"

namespace ssync {

// A request, independent of its transport.
struct Request {
  RequestInput& input;
  ResponseOutput& output;
  FastCgiParams param;
};

class Routes {
 public:
  // stopping: returns true when the worker has to stop. All arguments must outlive this object.
  Routes(const Configuration& configuration, BoardPlace& place, DiskThreads& threads, RequestMetrics& metrics,
         CommitLimits commit_limits, std::function<bool()> stopping);

  // Answers one request and fills in outcome. Returns how the response has to end. Throws SessionEnding,
  // Interrupted, and unexpected exceptions: the response has to be cut then.
  SessionResult answer(const Request& request, const RequestHead& head, RequestOutcome& outcome);

 private:
  using Handler = SessionResult (Routes::*)(const Request&, const RequestHead&, RequestOutcome&);
  struct Route;
  class Quarantines;
  [[nodiscard]] const Route& route_of(const RequestHead& head) const;

  // The request's device if it has answered as many as it may (backend_ratelimit).
  [[nodiscard]] std::optional<std::string> device_above_its_rate(const RequestHead& head);

  // GET, HEAD, REPLICATE and recon have to leave workers for sessions, and for other devices.
  SessionResult answer_beside_sessions(const Request& request, const RequestHead& head,
                                       RequestOutcome& outcome, const Route& route);

  // In the ledger.
  void count(const RequestHead& head, int status);

  // /healthcheck and /recon/…
  SessionResult answer_healthcheck(const Request& request, const RequestHead& head, RequestOutcome& outcome);
  SessionResult answer_recon(const Request& request, const RequestHead& head, RequestOutcome& outcome);
  SessionResult get_object(const Request& request, const RequestHead& head, RequestOutcome& outcome);
  SessionResult hash_suffixes(const Request& request, const RequestHead& head, RequestOutcome& outcome);
  HttpAnswer replicate(const RequestHead& head, RequestTimer& timer);
  [[nodiscard]] SessionRequest timed_check(const RequestHead& head, const RequestTimer& timer);
  SessionResult run_session(const Request& request, const RequestHead& head, RequestOutcome& outcome);

  const Configuration& configuration_;
  BoardPlace& place_;
  DiskThreads& threads_;
  RequestMetrics& metrics_;
  const CommitLimits commit_limits_;
  std::function<bool()> stopping_;
};

}  // namespace ssync
