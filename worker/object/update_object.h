// PUT, POST and DELETE as subrequests of a session, as Swift's ObjectController handles them with
// X-Backend-Replication: True.
#pragma once

#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include "common/config/receiver_settings.h"
#include "common/layout/partition.h"
#include "common/store/commit_queue.h"
#include "worker/http/status.h"
#include "worker/metrics/request_metrics.h"
#include "worker/metrics/request_timer.h"
#include "worker/object/subrequest_body.h"
#include "worker/protocol/subrequest.h"

namespace ssync {

// The target of subrequests: a partition, and the state that a session keeps between them.
struct UpdateTarget {
  const Partition& partition;
  std::string device;  // its name, as in the request
  CommitQueue& commits;
  const ReceiverSettings& settings;
  RequestMetrics& metrics;
};

// The outcome of a subrequest. With a ticket, the answer is valid only if the stored file is published; if
// that fails, answer_failure() gives the answer.
struct UpdateAnswer {
  HttpAnswer answer;
  std::optional<CommitTicket> ticket = {};
  // To be told the answer when it holds; none for one that Swift's method raises.
  std::optional<RequestTimer> timer = {};
};

// Answers a PUT, POST or DELETE. Failures of the request or the disk are answers (4xx, 5xx); only
// SessionEnding and Interrupted, which end the session, are thrown. May leave part of the body unread.
UpdateAnswer update_object(const UpdateTarget& target, const Subrequest& request, SubrequestBody& body);

// The answer to a subrequest that failed with this exception. Its body is the reason, which the receiver
// logs. Exceptions that end the session are rethrown.
HttpAnswer answer_failure(const std::exception_ptr& failure);

// Whether Swift's method returns the answer to this failure; it raises all others.
bool is_returned(const std::exception_ptr& failure, std::string_view method);

}  // namespace ssync
