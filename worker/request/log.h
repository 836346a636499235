// The access log line of Swift's object server.
#pragma once

#include <cstdint>
#include <optional>

#include "worker/request/head.h"

namespace ssync {

// The outcome of a request.
struct RequestOutcome {
  int status = 500;
  std::optional<std::int64_t>
      content_length;     // of the response, if its head has one; what was sent of a cut one
  double seconds = 0;     // until its end
  bool is_logged = true;  // false: nothing that anyone looks for, as an answer to a monitor
};

// Logs in Swift's default format, replication requests at DEBUG and others at INFO: `<addr> - - [<time>]
// "<method> <path>" <status> <length> "<referer>" "<txn>" "<agent>" <seconds> "-" <pid> <policy>`.
void log_request(const RequestHead& head, const RequestOutcome& outcome);

}  // namespace ssync
