#include "worker/serve/routes.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "worker/http/errors.h"
#include "worker/object/get_object.h"
#include "worker/serve/replication_request.h"

namespace ssync {
namespace {

void send_answer(ResponseOutput& output, const HttpAnswer& answer, RequestOutcome& outcome) {
  outcome.status = answer.status;
  outcome.content_length = static_cast<std::int64_t>(answer.body.size());
  output.write(fmt::format("Status: {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n", answer.status,
                           status_title(answer.status), answer.content_type, answer.body.size()));
  output.write(answer.body);
}

}  // namespace

struct Routes::Route {
  std::string_view method;
  Handler handler;
};

Routes::Routes(const Configuration& configuration, ReplicationSlots& slots, DiskThreads& threads,
               CommitLimits commit_limits, std::function<bool()> stopping)
    : configuration_(configuration),
      slots_(slots),
      threads_(threads),
      commit_limits_(commit_limits),
      stopping_(std::move(stopping)) {}

Routes::Handler Routes::handler_of(const RequestHead& head) {
  static constexpr std::array kRoutes{
      Route{"GET", &Routes::get_object},          Route{"HEAD", &Routes::get_object},
      Route{"REPLICATE", &Routes::hash_suffixes}, Route{"SSYNC", &Routes::run_session},
      Route{"REPLICATION", &Routes::run_session},
  };
  const auto* const route = std::ranges::find(kRoutes, head.method, &Route::method);
  // Other methods are refused in the session's checks, after the path.
  return route == kRoutes.end() ? &Routes::run_session : route->handler;
}

SessionResult Routes::answer(const Request& request, const RequestHead& head, RequestOutcome& outcome) {
  try {
    return (this->*handler_of(head))(request, head, outcome);
  } catch (const HttpError& error) {
    send_answer(request.output, error.answer(), outcome);
    return SessionResult::complete;
  }
}

SessionResult Routes::get_object(const Request& request, const RequestHead& head, RequestOutcome& outcome) {
  const auto headers = GetHeaders::from_params(request.param);
  ObjectGet get(head, headers, configuration_, request.output, stopping_);
  const GetResult result = get.run();
  outcome.status = result.status;
  outcome.content_length = result.content_length;
  return result.is_whole ? SessionResult::complete : SessionResult::cut;
}

SessionResult Routes::hash_suffixes(const Request& request, const RequestHead& head,
                                    RequestOutcome& outcome) {
  send_answer(request.output, answer_replicate(head, configuration_, threads_), outcome);
  return SessionResult::complete;
}

SessionResult Routes::run_session(const Request& request, const RequestHead& head, RequestOutcome& outcome) {
  Session session = open_session(head, configuration_);
  session.commit_limits = commit_limits_;
  outcome.status = 200;
  request.output.write(
      "Status: 200 OK\r\nContent-Type: text/html; charset=UTF-8\r\n"
      "X-Backend-Accept-No-Commit: True\r\n\r\n");
  return SsyncReceiver(session, request.input, request.output, slots_, threads_, stopping_).run();
}

}  // namespace ssync
