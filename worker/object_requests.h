// PUT, POST and DELETE as subrequests of a session: what Swift's ObjectController does with
// X-Backend-Replication: True.
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>

#include "common/commit_queue.h"
#include "common/partition.h"
#include "worker/http_status.h"
#include "worker/request_streams.h"
#include "worker/subrequest.h"

namespace ssync {

// The part of a session's input that is a subrequest's body. What a handler leaves unread, drain()
// reads away, so that the next subrequest is found.
class SubrequestBody {
 public:
  SubrequestBody(RequestInput& input, std::int64_t length) : input_(input), left_(length) {}

  [[nodiscard]] std::int64_t left() const noexcept { return left_; }
  // Up to limit bytes, empty at the body's end. Throws SessionEnding.
  std::string_view read(std::size_t limit);
  void drain();

 private:
  RequestInput& input_;
  std::int64_t left_;
};

// Where subrequests go: a partition, with what a session keeps between them.
struct ObjectTarget {
  const Partition& partition;
  std::string device;  // its name, as in the request
  CommitQueue& commits;
};

// What a subrequest came to. With a ticket the answer holds only if the file that it stored can be
// published; if not, answer_failure() gives the answer.
struct ObjectAnswer {
  HttpAnswer answer;
  std::optional<CommitTicket> ticket;
};

// Answers a PUT, POST or DELETE. Failures of the request or of the disk are answers (4xx, 5xx); only
// SessionEnding is thrown. The body may be left partly unread.
ObjectAnswer handle_object_request(const ObjectTarget& target, const Subrequest& request,
                                   SubrequestBody& body);

// The answer to a subrequest that failed with this exception, which is logged. context is its request line.
// Throws SessionEnding if it is one.
HttpAnswer answer_failure(const ObjectTarget& target, const std::string& context,
                          const std::exception_ptr& failure);

}  // namespace ssync
