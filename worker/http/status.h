// HTTP statuses and the bodies that Swift gives them (swift.common.swob.RESPONSE_REASONS).
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace ssync {

// An answer to a request or subrequest, other than the stream of a session.
struct HttpAnswer {
  int status = 500;
  std::string body;
  std::string content_type = "text/html; charset=UTF-8";
  std::string other_headers = {};  // lines, each with its end

  // 2xx, or the 404 of a DELETE of nothing: what replication counts as success.
  [[nodiscard]] bool is_replication_success() const {
    return (status >= 200 && status < 300) || status == 404;
  }
};

// "Service Unavailable" for 503; "Unknown" for a status that Swift does not know.
std::string_view status_title(int status);

// The answer with Swift's page for this status: "<html><h1>…</h1><p>…</p></html>", or without a body for
// statuses that have none. detail replaces %(drive)s in the text of the 507.
HttpAnswer standard_answer(int status, std::string_view detail = "");

// An answer with this text, as text/plain.
HttpAnswer text_answer(int status, std::string text);

}  // namespace ssync
