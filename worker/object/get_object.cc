#include "worker/object/get_object.h"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>
#include <vector>

#include "common/layout/object_name.h"
#include "common/layout/partition.h"
#include "common/os/errors.h"
#include "common/os/log.h"
#include "common/python/number.h"
#include "common/python/text.h"
#include "worker/http/byte_ranges.h"
#include "worker/http/errors.h"
#include "worker/http/multipart_ranges.h"
#include "worker/http/status.h"
#include "worker/object/fragment_preferences.h"
#include "worker/object/object_creation_check.h"
#include "worker/object/object_headers.h"
#include "worker/request/errors.h"
#include "worker/request/reserved_namespace.h"
#include "worker/request/target.h"

namespace ssync {
namespace {

constexpr char kContentType[] = "Content-Type";
constexpr char kContentLength[] = "Content-Length";
constexpr char kContentRange[] = "Content-Range";

// Bytes of a body below which they wait for more, as in Swift's server (eventlet.wsgi's MINIMUM_CHUNK_SIZE):
// until then an object that turns out to be damaged can still be a 500.
constexpr std::size_t kSmallestWrite = 4096;

// Whether Swift's GET returns an answer of this status: it raises that of a collision, and has none for files
// that keep changing.
bool is_returned(int status) { return status != 403 && status != 503; }

bool is_true(const std::optional<std::string>& header) { return header && python::is_true(*header); }

}  // namespace

GetHeaders GetHeaders::from_params(const FastCgiParams& param) {
  return {.conditions = {.if_match = param("HTTP_IF_MATCH"),
                         .if_none_match = param("HTTP_IF_NONE_MATCH"),
                         .if_modified_since = param("HTTP_IF_MODIFIED_SINCE"),
                         .if_unmodified_since = param("HTTP_IF_UNMODIFIED_SINCE")},
          .range = param("HTTP_RANGE"),
          .x_timestamp = param("HTTP_X_TIMESTAMP"),
          .etag_is_at = param("HTTP_X_BACKEND_ETAG_IS_AT"),
          .ignore_range_if = param("HTTP_X_BACKEND_IGNORE_RANGE_IF_METADATA_PRESENT"),
          .fragment_preferences = param("HTTP_X_BACKEND_FRAGMENT_PREFERENCES"),
          .open_expired = param("HTTP_X_BACKEND_OPEN_EXPIRED"),
          .has_token = param("HTTP_X_AUTH_TOKEN") || param("HTTP_X_STORAGE_TOKEN")};
}

ObjectGet::ObjectGet(const RequestHead& head, const GetHeaders& headers, const Configuration& configuration,
                     ResponseOutput& output, RequestTimer& timer, std::function<bool()> stopping)
    : head_(head),
      headers_(headers),
      configuration_(configuration),
      output_(output),
      timer_(timer),
      stopping_(std::move(stopping)) {}

GetResult ObjectGet::run() {
  try {
    respond();
    end();
  } catch (const HttpError& error) {
    const int status = error.answer().status;
    timer_.raised_if_by_the_method(status);
    if (status != 507) throw;
    if (!is_head()) {
      timer_.returned(507);
      throw;
    }
    respond_with_page(507);
    end();
  } catch (const SessionEnding& ending) {
    end_early(ending.what());
  } catch (const Interrupted& interrupted) {
    end_early(interrupted.what());
  } catch (const std::exception& error) {
    log::error("ERROR {} {}: {}", head_.method, head_.uri, error.what());
    if (!has_started_) throw HttpError(text_answer(500, error.what()));
    cut();
  }
  return result_;
}

void ObjectGet::cut() {
  result_.is_whole = false;
  result_.content_length = sent_;
}

void ObjectGet::end_early(const char* why) {
  log::info("{} {} ended early: {}", head_.method, head_.uri, why);
  cut();
}

void ObjectGet::respond() {
  const std::string path = decoded_path(head_);
  const StoragePolicy& policy = requested_policy(head_, configuration_.swift);
  const std::vector<std::string> segments = path_segments(path, 5, 5, Rest::with_last);
  const ObjectName name{segments[2], segments[3], segments[4]};
  check_reserved_namespace(name, configuration_.swift.constraints.auto_create_account_prefix);
  if (timer_.has_labels()) {
    timer_.labels() = {.account = name.account, .container = name.container, .policy = policy.index};
  }
  const Timestamp now = headers_.x_timestamp ? valid_timestamp(&*headers_.x_timestamp) : Timestamp::now();
  device_ = segments[0];
  const Partition partition = requested_partition(segments, policy, configuration_);
  DiskFile file(partition, name, fragment_request(partition));
  const bool opens_expired = is_true(head_.replication) || is_true(headers_.open_expired);
  const auto expired = opens_expired ? ExpiredObjects::open : ExpiredObjects::refuse;
  const OpenOutcome outcome = file.open(expired, now.seconds());
  switch (outcome) {
    case OpenOutcome::open:
      return respond_with(partition, file);
    case OpenOutcome::collision:
      return respond_with_page(403);
    case OpenOutcome::changing:
      return respond_with_page(503);
    case OpenOutcome::not_supported:
      return respond_with_page(507);
    case OpenOutcome::not_exist:
    case OpenOutcome::deleted:
    case OpenOutcome::expired:
    case OpenOutcome::quarantined:
    case OpenOutcome::damaged:
      return respond_with_nothing(file, outcome);
  }
}

FragmentRequest ObjectGet::fragment_request(const Partition& partition) const {
  FragmentRequest request;
  if (partition.policy.type == PolicyType::erasure_coding && headers_.fragment_preferences) {
    request.preferences = parse_fragment_preferences(*headers_.fragment_preferences);
  }
  return request;
}

void ObjectGet::respond_with(const Partition& partition, DiskFile& file) {
  const Metadata& metadata = file.metadata();
  ResponseHeaders headers = object_headers(file, configuration_.settings.receiver.allowed_headers);
  const auto unmet = unmet_condition(headers_.conditions, conditional_etag(metadata, headers_.etag_is_at),
                                     last_modified(file.timestamp()));
  // As in Swift, whose HEAD leaves conditions to what comes after it.
  if (unmet && is_head()) unconditional_ = 200;
  if (unmet) return begin(*unmet, std::move(headers), 0);
  if (is_head()) {
    const std::int64_t size = python::parse_int(*headers.find(kContentLength), 10);
    return begin(200, std::move(headers), size);
  }
  const bool keep_cache = configuration_.settings.receiver.keep_cache_private || !headers_.has_token;
  DataReader reader(partition, file, keep_cache ? PageCache::keep_small : PageCache::drop);
  std::optional<std::vector<RangeSpec>> specs;
  if (headers_.range && !has_any_of(metadata, headers_.ignore_range_if.value_or(""))) {
    specs = parse_range_header(*headers_.range);
  }
  respond_with_data(reader, std::move(headers), specs);
}

void ObjectGet::respond_with_data(DataReader& reader, ResponseHeaders headers,
                                  const std::optional<std::vector<RangeSpec>>& specs) {
  const std::int64_t size = reader.size();
  const std::vector<ByteRange> ranges = specs ? ranges_for_length(*specs, size) : std::vector<ByteRange>();
  if (specs && ranges.empty()) {
    headers.set(kContentRange, "bytes */" + std::to_string(size));
    return respond_with_page(416, std::move(headers));
  }
  if (ranges.empty() || size == 0) {
    begin(200, headers, size);
    send(reader, 0, std::nullopt);
  } else if (ranges.size() == 1) {
    headers.set(kContentRange, content_range(ranges[0], size));
    begin(206, headers, ranges[0].size());
    send(reader, ranges[0].start, ranges[0].stop);
  } else {
    // As in Swift, the parts have the stored content type, in which non-ASCII text is encoded twice.
    const MultipartRanges parts(ranges, python::latin1_to_utf8(*headers.find(kContentType)), size);
    headers.set(kContentType, parts.content_type());
    begin(206, headers, parts.content_length());
    for (const ByteRange& range : ranges) {
      write(parts.part_head(range));
      send(reader, range.start, range.stop);
      write(parts.part_end());
    }
    write(parts.body_end());
  }
  reader.finish();
}

void ObjectGet::send(DataReader& reader, std::int64_t start, std::optional<std::int64_t> stop) {
  reader.start_at(start);
  for (;;) {
    // As in Swift, reads one piece beyond the range, so that a range that ends with the object reads to its
    // end.
    const std::string_view piece = reader.read();
    if (piece.empty()) return;
    const std::int64_t wanted = stop ? *stop - start : left_;
    start += static_cast<std::int64_t>(piece.size());
    write(piece.substr(0, std::min(piece.size(), static_cast<std::size_t>(wanted))));
    if (stop && start > *stop) return;
  }
}

void ObjectGet::respond_with_nothing(const DiskFile& file, OpenOutcome outcome) {
  ResponseHeaders headers;
  headers.set(kContentType, standard_answer(404).content_type);
  if (outcome == OpenOutcome::deleted || outcome == OpenOutcome::expired) {
    headers.set("X-Backend-Timestamp", file.deleted_timestamp().internal());
  }
  if (const auto unmet = unmet_condition_of_nothing(headers_.conditions)) {
    unconditional_ = 404;
    return begin(*unmet, std::move(headers), 0);
  }
  respond_with_page(404, std::move(headers));
}

void ObjectGet::respond_with_page(int status, ResponseHeaders headers) {
  const HttpAnswer page = standard_answer(status, status == 507 ? device_ : "");
  if (headers.find(kContentType) == nullptr) headers.set(kContentType, page.content_type);
  // As in Swift, a HEAD has Content-Length 0, not the length of the page for a GET.
  const std::string_view body = is_head() ? std::string_view() : page.body;
  begin(status, std::move(headers), static_cast<std::int64_t>(body.size()));
  write(body);
}

void ObjectGet::begin(int status, ResponseHeaders headers, std::int64_t content_length) {
  headers.set(kContentLength, std::to_string(content_length));
  held_ = headers.head(status);
  left_ = is_head() ? 0 : content_length;
  result_.status = status;
  result_.content_length = content_length;
  if (is_returned(status)) {
    timer_.returned_conditionally(status, unconditional_.value_or(status));
  } else if (status == 503) {
    timer_.raised(status);
  }
}

void ObjectGet::write(std::string_view data) {
  if (stopping_()) throw Interrupted("worker is stopping");
  left_ -= static_cast<std::int64_t>(data.size());
  held_body_ += data.size();
  if (left_ == 0 || held_body_ < kSmallestWrite) {
    held_ += data;
    return;
  }
  has_started_ = true;
  output_.write(held_);
  held_.clear();
  output_.write(data);
  sent_ += static_cast<std::int64_t>(held_body_);
  held_body_ = 0;
}

void ObjectGet::end() {
  if (left_ != 0) throw std::runtime_error("object is shorter than its metadata says");
  has_started_ = true;
  output_.write(held_);
}

}  // namespace ssync
