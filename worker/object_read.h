// GET and HEAD of an object: what Swift's ObjectController answers.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/disk_file.h"
#include "common/object_reader.h"
#include "common/settings.h"
#include "common/swift_conf.h"
#include "worker/byte_ranges.h"
#include "worker/conditional_request.h"
#include "worker/request_head.h"
#include "worker/request_streams.h"
#include "worker/response_headers.h"

namespace ssync {

// The headers of a GET or HEAD that bear on its answer, beside its head.
struct ObjectReadHeaders {
  Conditions conditions;
  std::optional<std::string> range;
  std::optional<std::string> x_timestamp;
  std::optional<std::string> etag_is_at;            // X-Backend-Etag-Is-At
  std::optional<std::string> ignore_range_if;       // X-Backend-Ignore-Range-If-Metadata-Present
  std::optional<std::string> fragment_preferences;  // X-Backend-Fragment-Preferences
  std::optional<std::string> open_expired;          // X-Backend-Open-Expired
  bool has_token = false;                           // X-Auth-Token or X-Storage-Token

  static ObjectReadHeaders from_params(const FastCgiParams& param);
};

// What became of a GET or HEAD.
struct ObjectReadResult {
  int status = 500;
  std::int64_t content_length = 0;
  // False if the body had to be cut: the response must not end as a whole one.
  bool is_whole = true;
};

// One GET or HEAD. The head of the answer leaves with the body's first bytes, and the body's last bytes when
// the reader has judged all of them: so an object that turns out to be damaged is a 500 or a cut body.
class ObjectRead {
 public:
  // stopping: true once the worker is to stop.
  ObjectRead(const RequestHead& head, const ObjectReadHeaders& headers, const ObjectServerSettings& settings,
             const SwiftConf& conf, ResponseOutput& output, std::function<bool()> stopping);

  // Answers the request. Throws HttpError for answers that have no headers of their own; nothing was written
  // then.
  ObjectReadResult run();

 private:
  void respond();
  [[nodiscard]] FragmentRequest fragment_request(const Partition& partition) const;
  void respond_with(const Partition& partition, DiskFile& file);
  void respond_with_data(ObjectReader& reader, ResponseHeaders headers,
                         const std::optional<std::vector<RangeSpec>>& specs);
  void respond_with_nothing(const DiskFile& file, OpenOutcome outcome);
  // The page of a status.
  void respond_with_page(int status, ResponseHeaders headers = {});
  // The object's bytes from start to stop or, without one, to the end.
  void send(ObjectReader& reader, std::int64_t start, std::optional<std::int64_t> stop);

  [[nodiscard]] bool is_head() const { return head_.method == "HEAD"; }
  // A HEAD has no body whatever its content_length.
  void begin(int status, ResponseHeaders headers, std::int64_t content_length);
  void write(std::string_view data);
  void end();

  const RequestHead& head_;
  const ObjectReadHeaders& headers_;
  const ObjectServerSettings& settings_;
  const SwiftConf& conf_;
  ResponseOutput& output_;
  std::function<bool()> stopping_;
  std::string device_;
  ObjectReadResult result_;
  std::int64_t left_ = 0;  // of the body
  std::string held_;       // what may not leave yet
  bool has_started_ = false;
};

}  // namespace ssync
