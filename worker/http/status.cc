#include "worker/http/status.h"

#include <algorithm>
#include <array>

namespace ssync {
namespace {

struct Reason {
  int status;
  std::string_view title;
  std::string_view explanation;
};

constexpr std::array kReasons{
    Reason{200, "OK", ""},
    Reason{201, "Created", ""},
    Reason{202, "Accepted", "The request is accepted for processing."},
    Reason{204, "No Content", ""},
    Reason{206, "Partial Content", ""},
    Reason{304, "Not Modified", ""},
    Reason{
        400, "Bad Request",
        "The server could not comply with the request since it is either malformed or otherwise incorrect."},
    Reason{403, "Forbidden", "Access was denied to this resource."},
    Reason{404, "Not Found", "The resource could not be found."},
    Reason{405, "Method Not Allowed", "The method is not allowed for this resource."},
    Reason{408, "Request Timeout",
           "The server has waited too long for the request to be sent by the client."},
    Reason{409, "Conflict", "There was a conflict when trying to complete your request."},
    Reason{412, "Precondition Failed", "A precondition for this request was not met."},
    Reason{413, "Request Entity Too Large", "The body of your request was too large for this server."},
    Reason{416, "Requested Range Not Satisfiable", "The Range requested is not available."},
    Reason{422, "Unprocessable Entity", "Unable to process the contained instructions"},
    Reason{499, "Client Disconnect", "The client was disconnected during request."},
    Reason{500, "Internal Error",
           "The server has either erred or is incapable of performing the requested operation."},
    Reason{501, "Not Implemented", "The requested method is not implemented by this server."},
    Reason{503, "Service Unavailable",
           "The server is currently unavailable. Please try again at a later time."},
    Reason{507, "Insufficient Storage", "There was not enough space to save the resource. Drive: "},
    Reason{529, "Too Many Backend Requests",
           "The server is incapable of performing the requested operation due to too many requests. Slow "
           "down."},
};

const Reason& reason_of(int status) {
  static constexpr Reason kUnknown{0, "Unknown", ""};
  const auto* const reason =
      std::find_if(kReasons.begin(), kReasons.end(), [&](const Reason& r) { return r.status == status; });
  return reason == kReasons.end() ? kUnknown : *reason;
}

}  // namespace

std::string_view status_title(int status) { return reason_of(status).title; }

HttpAnswer standard_answer(int status, std::string_view detail) {
  const Reason& reason = reason_of(status);
  HttpAnswer answer{.status = status, .body = ""};
  if (reason.explanation.empty()) return answer;
  answer.body.append("<html><h1>").append(reason.title).append("</h1><p>").append(reason.explanation);
  answer.body.append(detail).append("</p></html>");
  return answer;
}

HttpAnswer text_answer(int status, std::string text) {
  return {.status = status, .body = std::move(text), .content_type = "text/plain"};
}

}  // namespace ssync
