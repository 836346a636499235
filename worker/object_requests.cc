#include "worker/object_requests.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <system_error>
#include <vector>

#include "common/background_md5.h"
#include "common/device.h"
#include "common/disk_file.h"
#include "common/errors.h"
#include "common/lock_path.h"
#include "common/md5.h"
#include "common/object_writer.h"
#include "common/python_text.h"
#include "worker/etag_list.h"
#include "worker/object_creation_check.h"

namespace ssync {
namespace {

constexpr char kContentType[] = "Content-Type";
constexpr char kContentTypeTimestamp[] = "Content-Type-Timestamp";
// Bytes from which on an object is hashed by a thread of its own.
constexpr std::int64_t kHashedBeside = std::int64_t{1} << 20;
constexpr char kFragmentIndex[] = "X-Object-Sysmeta-Ec-Frag-Index";

// seconds < time, as Swift's Timestamp compares itself with a number: an offset counts.
bool is_before(std::int64_t seconds, const Timestamp& time) {
  constexpr std::int64_t kEndOfTime = 10'000'000'000;
  constexpr std::int64_t kRawPerSecond = 100'000;
  if (seconds < 0 || seconds >= kEndOfTime) return seconds < 0;
  return Timestamp::from_raw(seconds * kRawPerSecond) < time;
}

// One subrequest being handled: its object and its time.
class ObjectRequest {
 public:
  ObjectRequest(const ObjectTarget& target, const Subrequest& request)
      : target_(target),
        request_(request),
        headers_(request.headers),
        name_(parse_subrequest_path(target.device, target.partition.name, request.path,
                                    target.partition.conf.constraints.auto_create_account_prefix)),
        timestamp_(valid_timestamp(headers_)) {}

  ObjectAnswer answer(SubrequestBody& body);

 private:
  HttpAnswer put(SubrequestBody& body);
  HttpAnswer post();
  HttpAnswer del();

  void require_device() const;
  OpenOutcome open(DiskFile& file, ExpiredObjects expired) const;
  [[nodiscard]] bool is_erasure_coded() const {
    return target_.partition.policy.type == PolicyType::erasure_coding;
  }
  [[nodiscard]] FragmentRequest requested_fragment() const;
  [[nodiscard]] std::unique_ptr<ObjectWriter> make_writer(FileKind kind, std::int64_t size) const;
  void commit_file(FileKind kind, Metadata metadata);
  void commit_data(std::unique_ptr<ObjectWriter> writer, Metadata metadata, const FragmentRequest& request);
  void copy_replication_headers(Metadata& metadata) const;
  Metadata put_metadata(std::int64_t size, const std::string& etag) const;
  Metadata post_metadata(const DiskFile& file, const Timestamp& original) const;
  std::string receive(SubrequestBody& body, ObjectWriter& writer, std::int64_t& received) const;

  const ObjectTarget& target_;
  const Subrequest& request_;
  SubrequestHeaders headers_;
  ObjectName name_;
  Timestamp timestamp_;
  std::optional<CommitTicket> ticket_;
};

void ObjectRequest::require_device() const {
  // Asked for each subrequest: a device may be unmounted in mid-session.
  if (!usable_device(target_.partition.settings, target_.device)) {
    throw HttpError(standard_answer(507, target_.device));
  }
}

OpenOutcome ObjectRequest::open(DiskFile& file, ExpiredObjects expired) const {
  // What an earlier subrequest of this session stored must be there to be judged.
  target_.commits.settle(file.hash_dir());
  const OpenOutcome outcome = file.open(expired, timestamp_.seconds());
  if (outcome == OpenOutcome::not_supported) throw HttpError(standard_answer(507, target_.device));
  if (outcome == OpenOutcome::changing) throw HttpError(standard_answer(503));
  if (outcome == OpenOutcome::collision) throw HttpError(standard_answer(403));
  return outcome;
}

std::unique_ptr<ObjectWriter> ObjectRequest::make_writer(FileKind kind, std::int64_t size) const {
  return std::make_unique<ObjectWriter>(target_.partition, name_, kind, size, target_.commits.unsynced(),
                                        headers_.value_or_empty("X-Backend-Next-Part-Power"));
}

void ObjectRequest::commit_file(FileKind kind, Metadata metadata) {
  std::unique_ptr<ObjectWriter> writer = make_writer(kind, 0);
  writer->stage(std::move(metadata));
  ticket_ = target_.commits.commit(std::move(writer), Durability::durable);
}

// The fragment that a session of the reconstructor is about: a PUT of it does not conflict with fragments
// of other indexes that are here.
FragmentRequest ObjectRequest::requested_fragment() const {
  const std::string* index = headers_.find("X-Backend-Ssync-Frag-Index");
  if (!is_erasure_coded() || index == nullptr) return {};
  return {.fragment_index =
              parse_fragment_index(python::latin1_to_utf8(*index), &target_.partition.policy.erasure_coding)};
}

void ObjectRequest::commit_data(std::unique_ptr<ObjectWriter> writer, Metadata metadata,
                                const FragmentRequest& request) {
  if (!is_erasure_coded()) {
    writer->stage(std::move(metadata));
    ticket_ = target_.commits.commit(std::move(writer), Durability::durable);
    return;
  }
  // The sender's metadata say best which fragment it is. Swift stores the number that it takes from the
  // session's header instead as a number.
  if (metadata.find(kFragmentIndex) == nullptr && request.fragment_index) {
    metadata.append(
        {.name = kFragmentIndex, .value = std::to_string(*request.fragment_index), .is_number = true});
  }
  const std::string* index = metadata.find(kFragmentIndex);
  const int fragment_index =
      parse_fragment_index(index == nullptr ? "None" : *index, &target_.partition.policy.erasure_coding);
  const bool commits = !python::is_true(headers_.value_or_empty("X-Backend-No-Commit"));
  writer->stage(std::move(metadata), fragment_index);
  ticket_ = target_.commits.commit(std::move(writer), commits ? Durability::durable : Durability::undecided);
}

// The headers that the sender listed, and those that the operator allows. Names are title-cased as text,
// so that 'x-object-meta-a_b' keeps its underscore, unlike the name that metadata headers get by
// themselves: Swift stores both.
void ObjectRequest::copy_replication_headers(Metadata& metadata) const {
  const auto copy = [&](const std::string& name) {
    const std::string* value = headers_.find(name);
    if (value != nullptr) metadata.set(python::title_latin1_to_utf8(name), python::latin1_to_utf8(*value));
  };
  for (const std::string& name : request_.replication_headers) {
    // The names travel to Swift's object server in one header, separated by white space.
    for (const std::string_view word : python::split_words(name, std::numeric_limits<std::size_t>::max())) {
      copy(std::string(word));
    }
  }
  for (const std::string& name : target_.partition.settings.allowed_headers) copy(name);
}

Metadata ObjectRequest::put_metadata(std::int64_t size, const std::string& etag) const {
  Metadata metadata;
  metadata.set("X-Timestamp", timestamp_.internal());
  metadata.set(kContentType, python::latin1_to_utf8(headers_.value_or_empty(kContentType)));
  metadata.set("Content-Length", std::to_string(size));
  metadata.set("ETag", etag);
  for (const auto& [name, value] : headers_.items()) {
    if (is_user_metadata(name) || is_system_metadata(name) || is_transient_system_metadata(name)) {
      metadata.set(python::latin1_to_utf8(name), python::latin1_to_utf8(value));
    }
  }
  copy_replication_headers(metadata);
  return metadata;
}

std::string ObjectRequest::receive(SubrequestBody& body, ObjectWriter& writer, std::int64_t& received) const {
  using Clock = std::chrono::steady_clock;
  const ObjectServerSettings& settings = target_.partition.settings;
  const auto piece = static_cast<std::size_t>(settings.network_chunk_size);
  const Clock::time_point deadline = Clock::now() + std::chrono::seconds(settings.max_upload_time);
  Md5 md5;
  std::optional<BackgroundMd5> beside;
  if (body.left() >= kHashedBeside) {
    try {
      beside.emplace();
    } catch (const std::system_error& error) {
      spdlog::debug("no thread to hash in: {}", error.what());
    }
  }
  std::string buffer;
  while (body.left() > 0) {
    buffer.clear();
    while (buffer.size() < piece && body.left() > 0) buffer.append(body.read(piece - buffer.size()));
    if (Clock::now() > deadline) throw HttpError(standard_answer(408));
    writer.write(buffer);
    received += static_cast<std::int64_t>(buffer.size());
    if (beside) {
      buffer = beside->exchange(std::move(buffer));
    } else {
      md5.update(buffer);
    }
  }
  return beside ? beside->hex() : md5.hex();
}

HttpAnswer ObjectRequest::put(SubrequestBody& body) {
  const Partition& partition = target_.partition;
  check_object_creation(headers_, name_, timestamp_, partition.conf.constraints);
  const std::optional<std::int64_t> size = expected_size(headers_);
  require_device();

  const FragmentRequest fragment = requested_fragment();
  DiskFile file(partition, name_, fragment);
  Timestamp existing;
  bool has_metadata = false;
  switch (open(file, ExpiredObjects::refuse)) {
    case OpenOutcome::open:
      existing = file.data_timestamp();
      has_metadata = true;
      break;
    case OpenOutcome::deleted:
    case OpenOutcome::expired:
      existing = file.deleted_timestamp();
      break;
    default:
      break;
  }
  const std::string* if_none_match = headers_.find("If-None-Match");
  if (if_none_match != nullptr && has_metadata) {
    const std::string* etag = file.metadata().find("ETag");
    if (etag_list_has(*if_none_match, etag == nullptr ? "" : *etag)) return standard_answer(412);
  }
  if (existing >= timestamp_) return standard_answer(409);

  std::unique_ptr<ObjectWriter> writer = make_writer(FileKind::data, size.value_or(0));
  std::int64_t received = 0;
  const std::string etag = receive(body, *writer, received);
  if (size && *size != received) return standard_answer(499);
  Metadata metadata = put_metadata(received, etag);
  const std::string sent_etag = unquoted_etag(headers_.value_or_empty("ETag"));
  if (!sent_etag.empty() && sent_etag != etag) return standard_answer(422);
  commit_data(std::move(writer), std::move(metadata), fragment);
  return standard_answer(201);
}

Metadata ObjectRequest::post_metadata(const DiskFile& file, const Timestamp& original) const {
  if (timestamp_ > original) {
    Metadata metadata;
    metadata.set("X-Timestamp", timestamp_.internal());
    for (const auto& [name, value] : headers_.items()) {
      if (is_user_metadata(name) || is_transient_system_metadata(name)) {
        metadata.set(python::latin1_to_utf8(name), python::latin1_to_utf8(value));
      }
    }
    copy_replication_headers(metadata);
    return metadata;
  }
  // Only the content type is newer: what the last POST stored stays as it is. (Without a POST before,
  // Swift fails here, and so must the answer.)
  if (!file.meta_metadata()) throw ValueError("no .meta file to take a content type");
  return *file.meta_metadata();
}

HttpAnswer ObjectRequest::post() {
  const std::string& delete_at = headers_.value_or_empty("X-Delete-At");
  const std::int64_t new_delete_at = delete_at.empty() ? 0 : python::parse_int(delete_at, 10);
  if (new_delete_at != 0 && is_before(new_delete_at, timestamp_)) {
    return text_answer(400, "X-Delete-At in past");
  }
  require_device();
  DiskFile file(target_.partition, name_);
  if (open(file, ExpiredObjects::open) != OpenOutcome::open) return standard_answer(404);

  const Timestamp original = file.metadata().find("X-Timestamp") == nullptr ? Timestamp() : file.timestamp();
  const Timestamp original_content_type = file.content_type_timestamp();
  const std::string* content_type = headers_.find(kContentType);
  Timestamp content_type_time;
  if (content_type != nullptr && !content_type->empty()) {
    const std::string* sent = headers_.find(kContentTypeTimestamp);
    content_type_time = sent == nullptr ? timestamp_ : Timestamp::parse(*sent);
  }
  if (original >= timestamp_ && original_content_type >= content_type_time) return standard_answer(409);

  Metadata metadata = post_metadata(file, original);
  if (content_type_time > original_content_type) {
    metadata.set(kContentType, python::latin1_to_utf8(*content_type));
    metadata.set(kContentTypeTimestamp, content_type_time.internal());
  } else if (original_content_type != file.data_timestamp()) {
    const std::string* stored = file.metadata().find(kContentType);
    metadata.set(kContentType, stored == nullptr ? "" : *stored);
    metadata.set(kContentTypeTimestamp, original_content_type.internal());
  }
  const bool own_content_type = std::max(content_type_time, original_content_type) != file.data_timestamp();
  commit_file(FileKind::meta, std::move(metadata));
  // Swift now tells the container what the object is, and fails if the data file does not say it.
  const bool is_described = (!own_content_type || file.data_metadata().find(kContentType) != nullptr) &&
                            file.metadata().find("ETag") != nullptr;
  if (is_described) return standard_answer(202);
  return answer_failure(target_, request_.context,
                        std::make_exception_ptr(ValueError("the data file has no Content-Type or no ETag")));
}

HttpAnswer ObjectRequest::del() {
  require_device();
  DiskFile file(target_.partition, name_);
  Timestamp existing;
  int status = 404;
  bool has_metadata = false;
  switch (open(file, ExpiredObjects::refuse)) {
    case OpenOutcome::open:
      existing = file.data_timestamp();
      status = existing < timestamp_ ? 204 : 409;
      has_metadata = true;
      break;
    case OpenOutcome::expired:
      existing = file.deleted_timestamp();
      has_metadata = true;
      break;
    case OpenOutcome::deleted:
      existing = file.deleted_timestamp();
      break;
    default:
      break;
  }
  Timestamp delete_at;
  if (const std::string* stored = has_metadata ? file.metadata().find("X-Delete-At") : nullptr;
      stored != nullptr && !stored->empty()) {
    delete_at = Timestamp::parse(*stored);
  }
  if (const std::string* sent = headers_.find("X-If-Delete-At"); sent != nullptr) {
    Timestamp if_delete_at;
    try {
      if_delete_at = Timestamp::parse(*sent);
    } catch (const ValueError&) {
      return text_answer(400, "Bad X-If-Delete-At header value");
    }
    // No tombstone unless the object is the one that the expirer meant.
    if (!existing.is_set()) return standard_answer(404);
    if (existing >= timestamp_) return standard_answer(409);
    if (delete_at != if_delete_at) return text_answer(412, "X-If-Delete-At and X-Delete-At do not match");
    status = 204;
  }
  if (existing < timestamp_) {
    Metadata metadata;
    metadata.set("X-Timestamp", timestamp_.internal());
    commit_file(FileKind::tombstone, std::move(metadata));
  }
  return standard_answer(status);
}

ObjectAnswer ObjectRequest::answer(SubrequestBody& body) {
  HttpAnswer answer;
  if (request_.method == "PUT") {
    answer = put(body);
  } else if (request_.method == "POST") {
    answer = post();
  } else {
    answer = del();
  }
  return {.answer = std::move(answer), .ticket = ticket_};
}

}  // namespace

std::string_view SubrequestBody::read(std::size_t limit) {
  if (left_ <= 0) return {};
  const std::size_t wanted = std::min(
      limit, static_cast<std::size_t>(std::min<std::int64_t>(left_, std::numeric_limits<int>::max())));
  const std::string_view piece = input_.read_some(wanted, "updates content");
  left_ -= static_cast<std::int64_t>(piece.size());
  return piece;
}

void SubrequestBody::drain() {
  while (left_ > 0) read(65536);
}

ObjectAnswer handle_object_request(const ObjectTarget& target, const Subrequest& request,
                                   SubrequestBody& body) {
  try {
    return ObjectRequest(target, request).answer(body);
  } catch (...) {
    return {.answer = answer_failure(target, request.context, std::current_exception()), .ticket = {}};
  }
}

HttpAnswer answer_failure(const ObjectTarget& target, const std::string& context,
                          const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const SessionEnding&) {
    throw;
  } catch (const HttpError& error) {
    return error.answer();
  } catch (const InsufficientStorage& error) {
    spdlog::error("ERROR {} in {}: {}", context, target.partition.path(), error.what());
    return standard_answer(507, target.device);
  } catch (const std::exception& error) {
    spdlog::error("ERROR {} in {}: {}", context, target.partition.path(), error.what());
    return text_answer(500, error.what());
  }
}

}  // namespace ssync
