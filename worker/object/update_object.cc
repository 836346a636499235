#include "worker/object/update_object.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <system_error>
#include <vector>

#include "common/layout/device.h"
#include "common/layout/partition_power.h"
#include "common/os/background_md5.h"
#include "common/os/log.h"
#include "common/os/md5.h"
#include "common/python/errors.h"
#include "common/python/number.h"
#include "common/python/text.h"
#include "common/store/disk_file.h"
#include "common/store/errors.h"
#include "common/store/lone_marks.h"
#include "common/store/staged_file.h"
#include "worker/http/errors.h"
#include "worker/http/etag_list.h"
#include "worker/object/object_creation_check.h"
#include "worker/object/subrequest_path.h"
#include "worker/request/errors.h"

namespace ssync {
namespace {

constexpr char kContentType[] = "Content-Type";
constexpr char kContentTypeTimestamp[] = "Content-Type-Timestamp";
// Minimum size in bytes of objects that are hashed by a separate thread.
constexpr std::int64_t kHashedBeside = std::int64_t{1} << 20;
constexpr char kFragmentIndex[] = "X-Object-Sysmeta-Ec-Frag-Index";

// seconds < time, as Swift's Timestamp compares with a number: including its offset.
bool is_before(std::int64_t seconds, const Timestamp& time) {
  constexpr std::int64_t kEndOfTime = 10'000'000'000;
  constexpr std::int64_t kRawPerSecond = 100'000;
  if (seconds < 0 || seconds >= kEndOfTime) return seconds < 0;
  return Timestamp::from_raw(seconds * kRawPerSecond) < time;
}

// A subrequest in progress: its object and timestamp.
class Update {
 public:
  Update(const UpdateTarget& target, const Subrequest& request)
      : target_(target),
        request_(request),
        headers_(request.headers),
        name_(parse_subrequest_path(target.device, target.partition.name, request.path,
                                    target.partition.conf.constraints.auto_create_account_prefix)),
        timestamp_(valid_timestamp(headers_)),
        increase_(PowerIncrease::from_header(target.partition, name_,
                                             headers_.value_or_empty("X-Backend-Next-Part-Power"))) {}

  UpdateAnswer answer(SubrequestBody& body, const RequestTimer& timer);

 private:
  using Clock = std::chrono::steady_clock;
  struct Received {
    std::string etag;
    std::int64_t size = 0;
    Clock::duration writing{};  // measured only for metrics
  };

  HttpAnswer put(SubrequestBody& body);
  HttpAnswer post();
  HttpAnswer del();

  void require_device() const;
  OpenOutcome open(DiskFile& file, ExpiredObjects expired) const;
  [[nodiscard]] bool is_erasure_coded() const {
    return target_.partition.policy.type == PolicyType::erasure_coding;
  }
  [[nodiscard]] FragmentRequest requested_fragment() const;
  [[nodiscard]] std::unique_ptr<StagedFile> stage_file(FileKind kind, std::int64_t size) const;
  void stage_data(StagedFile& file, Metadata metadata, const FragmentRequest& request) const;
  [[nodiscard]] Durability sent_durability() const;
  void give_way(const DiskFile& file) const;
  void commit(std::unique_ptr<StagedFile> file, Durability durability = Durability::durable);
  void copy_replication_headers(Metadata& metadata) const;
  Metadata put_metadata(std::int64_t size, const std::string& etag) const;
  [[nodiscard]] Timestamp sent_content_type_time() const;
  Metadata post_metadata(const DiskFile& file, const Timestamp& original) const;
  Received receive(SubrequestBody& body, StagedFile& file) const;

  const UpdateTarget& target_;
  const Subrequest& request_;
  SubrequestHeaders headers_;
  ObjectName name_;
  Timestamp timestamp_;
  std::optional<PowerIncrease> increase_;
  std::optional<CommitTicket> ticket_;
  bool is_raised_ = false;
};

void Update::require_device() const {
  // Checked for each subrequest: a device may be unmounted during a session.
  if (!usable_device(target_.partition.settings, target_.device)) {
    throw HttpError(standard_answer(507, target_.device));
  }
}

OpenOutcome Update::open(DiskFile& file, ExpiredObjects expired) const {
  // Earlier subrequests of this session for this object must be published first.
  target_.commits.settle(file.hash_dir());
  const OpenOutcome outcome = file.open(expired, timestamp_.seconds());
  if (outcome == OpenOutcome::not_supported) throw HttpError(standard_answer(507, target_.device));
  if (outcome == OpenOutcome::changing) throw HttpError(standard_answer(503));
  if (outcome == OpenOutcome::collision) throw HttpError(standard_answer(403));
  return outcome;
}

std::unique_ptr<StagedFile> Update::stage_file(FileKind kind, std::int64_t size) const {
  return std::make_unique<StagedFile>(target_.partition, name_, kind, size, target_.commits.unsynced());
}

// Just before the commit: a request that is refused leaves the disk as it was, also by a power that the
// commit refuses.
void Update::give_way(const DiskFile& file) const {
  if (!increase_ || !increase_->refusal) remove_lone_marks(file, timestamp_);
}

void Update::commit(std::unique_ptr<StagedFile> file, Durability durability) {
  ticket_ = target_.commits.commit(std::move(file), durability, increase_);
}

// The fragment of a reconstructor's session: its PUT does not conflict with local fragments of other indexes.
FragmentRequest Update::requested_fragment() const {
  const std::string* index = headers_.find("X-Backend-Ssync-Frag-Index");
  if (!is_erasure_coded() || index == nullptr) return {};
  return {.fragment_index =
              parse_fragment_index(python::latin1_to_utf8(*index), &target_.partition.policy.erasure_coding)};
}

void Update::stage_data(StagedFile& file, Metadata metadata, const FragmentRequest& request) const {
  if (!is_erasure_coded()) {
    file.stage(std::move(metadata));
    return;
  }
  // The index in the sender's metadata takes precedence. If it is taken from the session's header, Swift
  // stores it as a number.
  if (metadata.find(kFragmentIndex) == nullptr && request.fragment_index) {
    metadata.append(
        {.name = kFragmentIndex, .value = std::to_string(*request.fragment_index), .is_number = true});
  }
  const std::string* index = metadata.find(kFragmentIndex);
  const int fragment_index =
      parse_fragment_index(index == nullptr ? "None" : *index, &target_.partition.policy.erasure_coding);
  file.stage(std::move(metadata), fragment_index);
}

Durability Update::sent_durability() const {
  const bool stays_undecided =
      is_erasure_coded() && python::is_true(headers_.value_or_empty("X-Backend-No-Commit"));
  return stays_undecided ? Durability::undecided : Durability::durable;
}

// The headers that the sender listed, and those that the operator allows. Their names are title-cased, so
// that 'x-object-meta-a_b' keeps its underscore. The name as a metadata header loses it; Swift stores both.
// Only ASCII letters change their case, here and there (2.32): else UTF-8 names would be stored a second
// time, damaged.
void Update::copy_replication_headers(Metadata& metadata) const {
  const auto copy = [&](const std::string& name) {
    const std::string* value = headers_.find(name);
    if (value != nullptr) {
      metadata.set(python::latin1_to_utf8(python::title_ascii(name)), python::latin1_to_utf8(*value));
    }
  };
  for (const std::string& name : request_.replication_headers) {
    // Swift's object server receives the names in one header, separated by white space.
    for (const std::string_view word : python::split_words(name, std::numeric_limits<std::size_t>::max())) {
      copy(std::string(word));
    }
  }
  for (const std::string& name : target_.settings.allowed_headers) copy(name);
}

Metadata Update::put_metadata(std::int64_t size, const std::string& etag) const {
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

Update::Received Update::receive(SubrequestBody& body, StagedFile& file) const {
  const ReceiverSettings& settings = target_.settings;
  const auto piece = static_cast<std::size_t>(settings.network_chunk_size);
  const Clock::time_point deadline = Clock::now() + std::chrono::seconds(settings.max_upload_time);
  Md5 md5;
  std::optional<BackgroundMd5> beside;
  if (body.left() >= kHashedBeside) {
    try {
      beside.emplace();
    } catch (const std::system_error& error) {
      log::debug("cannot start a hashing thread: {}", error.what());
    }
  }
  Received received;
  std::string buffer;
  while (body.left() > 0) {
    buffer.clear();
    while (buffer.size() < piece && body.left() > 0) buffer.append(body.read(piece - buffer.size()));
    const Clock::time_point before = Clock::now();
    if (before > deadline) {
      target_.metrics.upload_timed_out();
      throw HttpError(standard_answer(408));
    }
    file.write(buffer);
    if (target_.metrics.is_on()) received.writing += Clock::now() - before;
    received.size += static_cast<std::int64_t>(buffer.size());
    if (beside) {
      buffer = beside->exchange(std::move(buffer));
    } else {
      md5.update(buffer);
    }
  }
  received.etag = beside ? beside->hex() : md5.hex();
  return received;
}

// What is thrown here Swift's raises, and what is returned it returns: only that is timed.
HttpAnswer Update::put(SubrequestBody& body) {
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
    if (etag_list_has(*if_none_match, etag == nullptr ? "" : *etag)) throw HttpError(standard_answer(412));
  }
  if (existing >= timestamp_) throw HttpError(standard_answer(409));

  std::unique_ptr<StagedFile> staged = stage_file(FileKind::data, size.value_or(0));
  const Received received = receive(body, *staged);
  if (size && *size != received.size) throw HttpError(standard_answer(499));
  target_.metrics.wrote(target_.device, received.writing, received.size);
  Metadata metadata = put_metadata(received.size, received.etag);
  const std::string sent_etag = unquoted_etag(headers_.value_or_empty("ETag"));
  if (!sent_etag.empty() && sent_etag != received.etag) throw HttpError(standard_answer(422));
  stage_data(*staged, std::move(metadata), fragment);
  give_way(file);
  commit(std::move(staged), sent_durability());
  return standard_answer(201);
}

Metadata Update::post_metadata(const DiskFile& file, const Timestamp& original) const {
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
  // Only the content type is newer: the metadata of the last POST is kept. (Without an earlier POST, Swift
  // fails here, and so must the answer.)
  if (!file.meta_metadata()) throw ValueError("no .meta file to update with a content type");
  return *file.meta_metadata();
}

// Time zero if no content type was sent.
Timestamp Update::sent_content_type_time() const {
  if (headers_.value_or_empty(kContentType).empty()) return {};
  const std::string* sent = headers_.find(kContentTypeTimestamp);
  if (sent == nullptr) return timestamp_;
  try {
    return Timestamp::parse(*sent);
  } catch (const OverflowError&) {
    throw;
  } catch (const ValueError& error) {
    throw HttpError(text_answer(400, error.what()));
  }
}

HttpAnswer Update::post() {
  const std::int64_t delete_at = sent_delete_at(headers_);
  if (delete_at != 0 && is_before(delete_at, timestamp_)) return text_answer(400, "X-Delete-At in past");
  check_metadata(headers_, target_.partition.conf.constraints);
  const std::string* content_type = headers_.find(kContentType);
  const Timestamp content_type_time = sent_content_type_time();
  require_device();
  DiskFile file(target_.partition, name_);
  if (open(file, ExpiredObjects::open) != OpenOutcome::open) return standard_answer(404);

  const Timestamp original = file.metadata().find("X-Timestamp") == nullptr ? Timestamp() : file.timestamp();
  const Timestamp original_content_type = file.content_type_timestamp();
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
  std::unique_ptr<StagedFile> staged = stage_file(FileKind::meta, 0);
  staged->stage(std::move(metadata));
  commit(std::move(staged));
  // Swift now updates the container, and fails if the data file lacks the values for it.
  const bool is_described = (!own_content_type || file.data_metadata().find(kContentType) != nullptr) &&
                            file.metadata().find("ETag") != nullptr;
  if (is_described) return standard_answer(202);
  is_raised_ = true;
  return answer_failure(std::make_exception_ptr(ValueError("data file is missing Content-Type or ETag")));
}

HttpAnswer Update::del() {
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
      // Not the time of a later POST, which Swift takes: then nothing would be stored, the object would stay,
      // and yet it is a success. An expirer's DELETE fails there, so it may.
      if (headers_.find("X-If-Delete-At") != nullptr) {
        existing = file.deleted_timestamp();
      } else if (file.data_metadata().find("X-Timestamp") != nullptr) {
        existing = file.data_timestamp();
      }
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
    delete_at = Timestamp::parse(python::ascii_number(*stored));
  }
  if (const std::string* sent = headers_.find("X-If-Delete-At"); sent != nullptr) {
    Timestamp if_delete_at;
    try {
      if_delete_at = Timestamp::parse(*sent);
    } catch (const ValueError&) {
      return text_answer(400, "Bad X-If-Delete-At header value");
    }
    // A tombstone only for the object that the expirer meant.
    if (!existing.is_set()) return standard_answer(404);
    if (existing >= timestamp_) return standard_answer(409);
    if (delete_at != if_delete_at) return text_answer(412, "X-If-Delete-At and X-Delete-At do not match");
    status = 204;
  }
  if (existing < timestamp_) {
    Metadata metadata;
    metadata.set("X-Timestamp", timestamp_.internal());
    std::unique_ptr<StagedFile> staged = stage_file(FileKind::tombstone, 0);
    staged->stage(std::move(metadata));
    give_way(file);
    commit(std::move(staged));
  }
  return standard_answer(status);
}

UpdateAnswer Update::answer(SubrequestBody& body, const RequestTimer& timer) {
  HttpAnswer answer;
  if (request_.method == "PUT") {
    answer = put(body);
  } else if (request_.method == "POST") {
    answer = post();
  } else {
    answer = del();
  }
  return {.answer = std::move(answer),
          .ticket = ticket_,
          .timer = is_raised_ ? std::nullopt : std::optional(timer)};
}

void label(RequestTimer& timer, const UpdateTarget& target, const Subrequest& request) {
  const ObjectName name = parse_subrequest_path(target.device, target.partition.name, request.path,
                                                target.partition.conf.constraints.auto_create_account_prefix);
  timer.labels() = {
      .account = name.account, .container = name.container, .policy = target.partition.policy.index};
}

// Of an answer of HTTP's that Swift's method raises; 0 for what it returns, and for what only the server's
// loop makes an answer of: the 403 of another object's name, and the 500.
int raised_status(const std::exception_ptr& failure, std::string_view method) {
  if (is_returned(failure, method)) return 0;
  try {
    std::rethrow_exception(failure);
  } catch (const HttpError& error) {
    const int status = error.answer().status;
    return status == 403 || status == 500 ? 0 : status;
  } catch (...) {
    return 0;
  }
}

}  // namespace

UpdateAnswer update_object(const UpdateTarget& target, const Subrequest& request, SubrequestBody& body) {
  RequestTimer timer(target.metrics, request.method);
  try {
    if (timer.has_labels()) label(timer, target, request);
    return Update(target, request).answer(body, timer);
  } catch (const ClientGone&) {
    // Swift's PUT returns it, to nobody.
    timer.returned(499);
    throw;
  } catch (const std::exception&) {
    const std::exception_ptr failure = std::current_exception();
    const int raised = raised_status(failure, request.method);
    if (raised != 0) timer.raised(raised);
    return {.answer = answer_failure(failure),
            .timer = is_returned(failure, request.method) ? std::optional(timer) : std::nullopt};
  }
}

HttpAnswer answer_failure(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const HttpError& error) {
    return error.answer();
  } catch (const InsufficientStorage& error) {
    return text_answer(507, error.what());
  } catch (const std::exception& error) {
    return text_answer(500, error.what());
  }
}

bool is_returned(const std::exception_ptr& failure, std::string_view method) {
  try {
    std::rethrow_exception(failure);
  } catch (const InsufficientStorage&) {
    return true;
  } catch (const HttpError& error) {
    // PUT raises it from _pre_create_checks.
    return error.answer().status == 507 && method != "PUT";
  } catch (...) {
    return false;
  }
}

}  // namespace ssync
