// GET and HEAD of an object, as answered by Swift's ObjectController.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/configuration.h"
#include "common/store/data_reader.h"
#include "common/store/disk_file.h"
#include "worker/http/byte_ranges.h"
#include "worker/http/conditional_request.h"
#include "worker/http/response_headers.h"
#include "worker/metrics/request_timer.h"
#include "worker/request/head.h"
#include "worker/request/streams.h"

namespace ssync {

// The headers that affect the answer to a GET or HEAD, besides RequestHead.
struct GetHeaders {
  Conditions conditions;
  std::optional<std::string> range;
  std::optional<std::string> x_timestamp;
  std::optional<std::string> etag_is_at;            // X-Backend-Etag-Is-At
  std::optional<std::string> ignore_range_if;       // X-Backend-Ignore-Range-If-Metadata-Present
  std::optional<std::string> fragment_preferences;  // X-Backend-Fragment-Preferences
  std::optional<std::string> open_expired;          // X-Backend-Open-Expired
  bool has_token = false;                           // X-Auth-Token or X-Storage-Token

  static GetHeaders from_params(const FastCgiParams& param);
};

// The outcome of a GET or HEAD.
struct GetResult {
  int status = 500;
  std::int64_t content_length = 0;  // of a truncated body the bytes that were sent
  // False if the body is truncated: the response must then be cut, not finished.
  bool is_whole = true;
};

// One GET or HEAD. The head of the response is sent with the first 4 KiB of the body, and the last bytes only
// after the reader has verified the object: a damaged object gives a 500 or a truncated body.
class ObjectGet {
 public:
  // stopping: returns true when the worker has to stop.
  // timer is told the answer as soon as it is known, before its body is read.
  ObjectGet(const RequestHead& head, const GetHeaders& headers, const Configuration& configuration,
            ResponseOutput& output, RequestTimer& timer, std::function<bool()> stopping);

  // Answers the request. Throws HttpError for answers without specific headers, before anything was written.
  GetResult run();

 private:
  void end_early(const char* why);
  void cut();
  void respond();
  [[nodiscard]] FragmentRequest fragment_request(const Partition& partition) const;
  void respond_with(const Partition& partition, DiskFile& file);
  void respond_with_data(DataReader& reader, ResponseHeaders headers,
                         const std::optional<std::vector<RangeSpec>>& specs);
  void respond_with_nothing(const DiskFile& file, OpenOutcome outcome);
  // Responds with the standard page of a status.
  void respond_with_page(int status, ResponseHeaders headers = {});
  // Sends the object's bytes from start to stop, or to the end if not set.
  void send(DataReader& reader, std::int64_t start, std::optional<std::int64_t> stop);

  [[nodiscard]] bool is_head() const { return head_.method == "HEAD"; }
  // A HEAD has no body, whatever content_length is.
  void begin(int status, ResponseHeaders headers, std::int64_t content_length);
  void write(std::string_view data);
  void end();

  const RequestHead& head_;
  const GetHeaders& headers_;
  const Configuration& configuration_;
  ResponseOutput& output_;
  RequestTimer& timer_;
  std::function<bool()> stopping_;
  std::string device_;
  std::optional<int> unconditional_;  // the status before conditions, if it is another
  GetResult result_;
  std::int64_t left_ = 0;  // bytes of the body still to send
  std::int64_t sent_ = 0;  // bytes of the body that were given to the output
  std::string held_;       // bytes not to be sent yet: the response's head, and bytes of the body after it
  std::size_t held_body_ = 0;  // how many of them are of the body
  bool has_started_ = false;
};

}  // namespace ssync
