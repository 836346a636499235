// HTTP statuses and the bodies that Swift gives them (swift.common.swob.RESPONSE_REASONS).
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace ssync {

// An answer other than the session itself: to the request before its 200, or to a subrequest.
struct HttpAnswer {
  int status = 500;
  std::string body;
  std::string content_type = "text/html; charset=UTF-8";

  // 2xx, or the 404 of a DELETE of nothing: what replication counts as success.
  [[nodiscard]] bool is_replication_success() const {
    return (status >= 200 && status < 300) || status == 404;
  }
};

// Raised where an answer is decided deep in the handling of a request.
class HttpError : public std::runtime_error {
 public:
  explicit HttpError(HttpAnswer answer)
      : std::runtime_error(answer.body.empty() ? std::to_string(answer.status) : answer.body),
        answer_(std::move(answer)) {}
  [[nodiscard]] const HttpAnswer& answer() const noexcept { return answer_; }

 private:
  HttpAnswer answer_;
};

// "Service Unavailable" for 503; "Unknown" for a status that Swift has no words for.
std::string_view status_title(int status);

// The answer with Swift's page for this status: "<html><h1>…</h1><p>…</p></html>", or with no body for
// the statuses that have none. detail replaces %(drive)s of the 507's text.
HttpAnswer standard_answer(int status, std::string_view detail = "");

// The answer with its own text, as text/plain.
HttpAnswer text_answer(int status, std::string text);

}  // namespace ssync
