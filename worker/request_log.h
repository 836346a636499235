// The line that Swift's object server logs for each request.
#pragma once

#include <string>

#include "worker/replication_request.h"

namespace ssync {

// Logs, at DEBUG as Swift does for replication requests, in Swift's default format:
// `<addr> - - [<time>] "<method> <path>" <status> - "<referer>" "<txn>" "<agent>" <seconds> "" <pid>
// <policy>`.
void log_request(const RequestHead& head, int status, double seconds);

}  // namespace ssync
