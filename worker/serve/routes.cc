#include "worker/serve/routes.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/os/log.h"
#include "common/python/repr.h"
#include "common/store/quarantine.h"
#include "worker/http/errors.h"
#include "worker/http/status.h"
#include "worker/object/get_object.h"
#include "worker/pool/admission.h"
#include "worker/protocol/markers.h"
#include "worker/recon/middleware_answer.h"
#include "worker/request/target.h"
#include "worker/serve/limited_device.h"
#include "worker/serve/replication_request.h"

namespace ssync {
namespace {

void send_head(ResponseOutput& output, const HttpAnswer& answer, RequestOutcome& outcome) {
  outcome.status = answer.status;
  outcome.content_length = static_cast<std::int64_t>(answer.body.size());
  output.write(fmt::format("Status: {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{}\r\n", answer.status,
                           status_title(answer.status), answer.content_type, answer.body.size(),
                           answer.other_headers));
}

void send_answer(ResponseOutput& output, const HttpAnswer& answer, RequestOutcome& outcome) {
  send_head(output, answer, outcome);
  output.write(answer.body);
}

// As in Swift, these requests are not logged, and a HEAD has the length of the body.
SessionResult send_middleware_answer(const Request& request, const RequestHead& head,
                                     const HttpAnswer& answer, RequestOutcome& outcome) {
  outcome.is_logged = false;
  send_head(request.output, answer, outcome);
  if (head.method != "HEAD") request.output.write(answer.body);
  return SessionResult::complete;
}

// The path's first segment, checked later. The board has to know it before any disk is touched.
std::string device_of(const std::string& path) {
  const std::size_t start = path.starts_with('/') ? 1 : 0;
  return path.substr(start, path.find('/', start) - start);
}

// Throws HttpError as answer_replicate() does for the same request.
RequestLabels replicate_labels(const RequestHead& head, const Configuration& configuration) {
  const std::string path = decoded_path(head);
  const StoragePolicy& policy = requested_policy(head, configuration.swift);
  const std::vector<std::string> segments = path_segments(path, 2, 3, Rest::with_last);
  return {.policy = policy.index, .skip_rehash = segments.size() > 2 && !segments[2].empty()};
}

// The head of the answer to a session that may fail yet.
void accept_session(ResponseOutput& output, bool tell_held) {
  output.write(
      "Status: 200 OK\r\nContent-Type: text/html; charset=UTF-8\r\n"
      "X-Backend-Accept-No-Commit: True\r\n");
  if (tell_held) output.write("X-Backend-Ssync-Tell-Held: True\r\n");
  output.write("\r\n");
}

// Swift's answer if all slots are taken, within the session.
SessionResult refuse_session(ResponseOutput& output) {
  output.write("\r\n");
  output.write(error_line(503, python::repr_bytes(standard_answer(503).body)));
  output.flush();
  return SessionResult::cut;
}

}  // namespace

// Counts in the ledger what the request put into quarantine, where statsd is told of it too: worker/metrics.
class Routes::Quarantines {
 public:
  Quarantines(BoardPlace& place, const RequestHead& head)
      : place_(place), head_(head), before_(quarantined_objects()) {}
  ~Quarantines() {
    const std::uint64_t now = quarantined_objects();
    if (now == before_) return;
    try {
      // It is there: something of it was moved.
      place_.ledger().count(device_of(decoded_path(head_)), Ledger::Name::checked,
                            {.quarantined = static_cast<std::int64_t>(now - before_)});
    } catch (const std::exception& error) {
      log::warning("cannot count what was quarantined: {}", error.what());
    }
  }
  Quarantines(const Quarantines&) = delete;
  Quarantines& operator=(const Quarantines&) = delete;

 private:
  BoardPlace& place_;
  const RequestHead& head_;
  std::uint64_t before_;
};

struct Routes::Route {
  std::string_view method;
  Handler handler;
  bool is_beside_sessions;
  std::string_view device = {};  // for the board; empty: the path's
};

Routes::Routes(const Configuration& configuration, BoardPlace& place, DiskThreads& threads,
               RequestMetrics& metrics, CommitLimits commit_limits, std::function<bool()> stopping)
    : configuration_(configuration),
      place_(place),
      threads_(threads),
      metrics_(metrics),
      commit_limits_(commit_limits),
      stopping_(std::move(stopping)) {}

const Routes::Route& Routes::route_of(const RequestHead& head) const {
  static constexpr std::array kRoutes{
      Route{"GET", &Routes::get_object, true},           Route{"HEAD", &Routes::get_object, true},
      Route{"REPLICATE", &Routes::hash_suffixes, true},  Route{"SSYNC", &Routes::run_session, false},
      Route{"REPLICATION", &Routes::run_session, false},
  };
  // Other methods are refused in the session's checks, after the path.
  static constexpr Route kOther{"", &Routes::run_session, false};
  static constexpr Route kHealthcheck{"", &Routes::answer_healthcheck, false};
  static constexpr Route kRecon{"", &Routes::answer_recon, true, "recon"};
  switch (middleware_for(head, configuration_.settings.middleware)) {
    case Middleware::healthcheck:
      return kHealthcheck;
    case Middleware::recon:
      return kRecon;
    case Middleware::none:
      break;
  }
  const auto* const route = std::ranges::find(kRoutes, head.method, &Route::method);
  return route == kRoutes.end() ? kOther : *route;
}

SessionResult Routes::answer(const Request& request, const RequestHead& head, RequestOutcome& outcome) {
  place_.backend_ratelimit().reload_if_due();
  if (const auto device = device_above_its_rate(head)) {
    metrics_.rate_limited();
    place_.ledger().count(*device, Ledger::Name::unchecked, {.requests_refused = 1});
    return send_middleware_answer(request, head, standard_answer(529), outcome);
  }
  const Quarantines counted(place_, head);
  try {
    const Route& route = route_of(head);
    if (!route.is_beside_sessions) return (this->*route.handler)(request, head, outcome);
    return answer_beside_sessions(request, head, outcome, route);
  } catch (const HttpError& error) {
    send_answer(request.output, error.answer(), outcome);
    return SessionResult::complete;
  }
}

std::optional<std::string> Routes::device_above_its_rate(const RequestHead& head) {
  if (!place_.backend_ratelimit().is_on()) return std::nullopt;
  if (middleware_for(head, configuration_.settings.middleware) != Middleware::none) return std::nullopt;
  auto device = limited_device(head);
  if (device && place_.backend_ratelimit().allows(*device, head.method)) return std::nullopt;
  return device;
}

SessionResult Routes::answer_healthcheck(const Request& request, const RequestHead& head,
                                         RequestOutcome& outcome) {
  const HttpAnswer answer = ssync::answer_healthcheck(configuration_.settings.middleware.healthcheck);
  return send_middleware_answer(request, head, answer, outcome);
}

SessionResult Routes::answer_recon(const Request& request, const RequestHead& head, RequestOutcome& outcome) {
  return send_middleware_answer(request, head, ssync::answer_recon(head, configuration_), outcome);
}

SessionResult Routes::get_object(const Request& request, const RequestHead& head, RequestOutcome& outcome) {
  const auto headers = GetHeaders::from_params(request.param);
  place_.set_phase(Phase::reading_object);
  RequestTimer timer(metrics_, head.method);
  ObjectGet get(head, headers, configuration_, request.output, timer, stopping_);
  const GetResult result = get.run();
  outcome.status = result.status;
  outcome.content_length = result.content_length;
  return result.is_whole ? SessionResult::complete : SessionResult::cut;
}

SessionResult Routes::hash_suffixes(const Request& request, const RequestHead& head,
                                    RequestOutcome& outcome) {
  place_.set_phase(Phase::hashing);
  RequestTimer timer(metrics_, head.method);
  send_answer(request.output, replicate(head, timer), outcome);
  return SessionResult::complete;
}

// Of what is thrown Swift's REPLICATE returns the answer for a device that is missing, and raises the others.
HttpAnswer Routes::replicate(const RequestHead& head, RequestTimer& timer) {
  try {
    if (timer.has_labels() && configuration_.settings.receiver.replication_server) {
      timer.labels() = replicate_labels(head, configuration_);
    }
    HttpAnswer answer = answer_replicate(head, configuration_, threads_);
    timer.returned(answer.status);
    return answer;
  } catch (const HttpError& error) {
    const int status = error.answer().status;
    if (status == 507) timer.returned(507);
    timer.raised_if_by_the_method(status);
    throw;
  }
}

SessionResult Routes::answer_beside_sessions(const Request& request, const RequestHead& head,
                                             RequestOutcome& outcome, const Route& route) {
  const Admission admission(
      place_, {.method = head.method,
               .device = route.device.empty() ? device_of(decoded_path(head)) : std::string(route.device),
               .partition = "",
               .remote_addr = head.remote_addr});
  if (!admission.is_admitted()) {
    log::info("refused with 503, too many requests of this device or in all: {} {}", head.method, head.uri);
    if (route.device.empty()) {
      place_.ledger().count(device_of(decoded_path(head)), Ledger::Name::unchecked, {.requests_refused = 1});
    }
    throw HttpError(standard_answer(503));
  }
  if (!route.device.empty()) return (this->*route.handler)(request, head, outcome);
  try {
    const SessionResult result = (this->*route.handler)(request, head, outcome);
    count(head, outcome.status);
    return result;
  } catch (const HttpError& error) {
    count(head, error.answer().status);
    throw;
  }
}

void Routes::count(const RequestHead& head, int status) {
  DeviceCounts counts{.errors = status >= 500 ? 1 : 0};
  ++(head.method == "REPLICATE" ? counts.replicate_requests : counts.reads);
  // Only what was answered is sure to be of a device that is there.
  const auto name = status < 300 ? Ledger::Name::checked : Ledger::Name::unchecked;
  place_.ledger().count(device_of(decoded_path(head)), name, counts);
}

SessionRequest Routes::timed_check(const RequestHead& head, const RequestTimer& timer) {
  try {
    return check_session(head, configuration_);
  } catch (const HttpError& error) {
    timer.raised_if_by_the_method(error.answer().status);
    throw;
  }
}

SessionResult Routes::run_session(const Request& request, const RequestHead& head, RequestOutcome& outcome) {
  RequestTimer timer(metrics_, head.method);
  const SessionRequest checked = timed_check(head, timer);
  if (place_.throttles().is_drained(checked.segments[0])) {
    outcome.status = 200;
    place_.ledger().count(checked.segments[0], Ledger::Name::unchecked, {.sessions_refused = 1});
    timer.labels().policy = checked.policy.index;
    timer.returned(200);
    accept_session(request.output, false);
    return refuse_session(request.output);
  }
  Admission admission(place_,
                      {.method = head.method,
                       .device = checked.segments[0],
                       .partition = checked.segments[1],
                       .policy = checked.policy.index,
                       .remote_addr = head.remote_addr},
                      configuration_.settings.receiver.replication_concurrency_per_device);
  std::optional<Session> session;
  try {
    if (admission.is_admitted()) session.emplace(open_session(checked, head, configuration_));
  } catch (const HttpError& error) {
    timer.raised(error.answer().status);
    throw;
  }
  outcome.status = 200;
  // As in Swift, whose SSYNC returns before the session begins, so that only its checks are timed.
  timer.labels().policy = checked.policy.index;
  timer.returned(200);
  accept_session(request.output, session && session->tell_held);
  if (!session) {
    place_.ledger().count(checked.segments[0], Ledger::Name::unchecked, {.sessions_refused = 1});
    return refuse_session(request.output);
  }
  session->commit_limits = commit_limits_;
  return SsyncReceiver(*session, request.input, request.output, admission, threads_, metrics_, stopping_)
      .run();
}

}  // namespace ssync
