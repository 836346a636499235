// The line that Swift's object server logs for each request.
#pragma once

#include <cstdint>
#include <optional>

#include "worker/request_head.h"

namespace ssync {

// What became of a request.
struct RequestOutcome {
  int status = 500;
  std::optional<std::int64_t> content_length;  // of the response, if its head told one
  double seconds = 0;                          // until its end
};

// Logs in Swift's default format, at DEBUG for what replication asks and else at INFO:
// `<addr> - - [<time>] "<method> <path>" <status> <length> "<referer>" "<txn>" "<agent>" <seconds> "-" <pid>
// <policy>`.
void log_request(const RequestHead& head, const RequestOutcome& outcome);

}  // namespace ssync
