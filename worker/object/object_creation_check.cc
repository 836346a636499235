#include "worker/object/object_creation_check.h"

#include <algorithm>

#include "common/python/errors.h"
#include "common/python/number.h"
#include "common/python/text.h"
#include "worker/http/errors.h"
#include "worker/http/status.h"

namespace ssync {
namespace {

constexpr std::string_view kUserMetadataPrefix = "x-object-meta-";
// The upper limit of normalize_delete_at_timestamp: ten digits of seconds.
constexpr double kLatestDeleteAt = 9999999999.0;

[[noreturn]] void refuse(int status, std::string text) {
  throw HttpError(text_answer(status, std::move(text)));
}

enum class TransferCoding { identity, chunked };

TransferCoding transfer_coding(const SubrequestHeaders& headers) {
  const std::string& value = headers.value_or_empty("Transfer-Encoding");
  if (value.empty()) return TransferCoding::identity;
  if (value.find(',') != std::string::npos) {
    refuse(501, "Unsupported Transfer-Coding header value specified in Transfer-Encoding header");
  }
  if (python::lower_ascii(value) != "chunked") refuse(400, "Invalid Transfer-Encoding header value");
  return TransferCoding::chunked;
}

python::Integer any_integer_header(const std::string& value, const char* complaint) {
  try {
    return python::parse_integer(value, 10);
  } catch (const ValueError&) {
    refuse(400, complaint);
  }
}

std::int64_t normalized_delete_at(double seconds) {
  return static_cast<std::int64_t>(std::min(std::max(0.0, seconds), kLatestDeleteAt));
}

std::int64_t integer_header(const std::string& value, const char* complaint) {
  try {
    return python::parse_int(value, 10);
  } catch (const ValueError&) {
    refuse(400, complaint);
  }
}

void check_delete_headers(SubrequestHeaders& headers, const Timestamp& timestamp) {
  const double now = timestamp.seconds();
  if (const std::string* after = headers.find("X-Delete-After"); after != nullptr) {
    const double seconds = python::to_double(any_integer_header(*after, "Non-integer X-Delete-After"));
    const std::int64_t at = normalized_delete_at(now + seconds);
    if (static_cast<double>(at) <= now) refuse(400, "X-Delete-After in past");
    std::string text = std::to_string(at);
    text.insert(0, text.size() < 10 ? 10 - text.size() : 0, '0');
    headers.set("X-Delete-At", std::move(text));
    headers.erase("X-Delete-After");
  }
  // A time in the past is accepted: the object is replicated before it is expired.
  if (const std::string* at = headers.find("X-Delete-At"); at != nullptr) {
    static_cast<void>(python::to_double(any_integer_header(*at, "Non-integer X-Delete-At")));
  }
}

}  // namespace

std::int64_t sent_delete_at(const SubrequestHeaders& headers) {
  const std::string& value = headers.value_or_empty("X-Delete-At");
  if (value.empty()) return 0;
  const python::Integer at = any_integer_header(value, "Non-integer X-Delete-At");
  static_cast<void>(python::to_double(at));
  return python::to_int64(at);
}

void check_metadata(const SubrequestHeaders& headers, const SwiftConstraints& limits) {
  const auto over = [](std::size_t size, std::int64_t limit) {
    return static_cast<std::int64_t>(size) > limit;
  };
  std::int64_t count = 0;
  std::size_t total = 0;
  for (const auto& [name, value] : headers.items()) {
    if (over(value.size(), limits.max_header_size)) {
      refuse(400, "Header value too long: " +
                      name.substr(0, static_cast<std::size_t>(limits.max_meta_name_length)));
    }
    if (!python::lower_ascii(name).starts_with(kUserMetadataPrefix)) continue;
    const std::string key = name.substr(kUserMetadataPrefix.size());
    const std::string full = std::string(kUserMetadataPrefix) + key;
    if (key.empty()) refuse(400, "Metadata name cannot be empty");
    ++count;
    total += key.size() + value.size();
    if (over(key.size(), limits.max_meta_name_length)) refuse(400, "Metadata name too long: " + full);
    if (over(value.size(), limits.max_meta_value_length)) {
      refuse(400, "Metadata value longer than " + std::to_string(limits.max_meta_value_length) + ": " + full);
    }
    if (count > limits.max_meta_count) {
      refuse(400, "Too many metadata items; max " + std::to_string(limits.max_meta_count));
    }
    if (over(total, limits.max_meta_overall_size)) {
      refuse(400, "Total metadata too large; max " + std::to_string(limits.max_meta_overall_size));
    }
  }
}

Timestamp valid_timestamp(const std::string* x_timestamp) {
  if (x_timestamp == nullptr) refuse(400, "Missing X-Timestamp header");
  try {
    return Timestamp::parse(*x_timestamp);
  } catch (const OverflowError&) {
    throw;
  } catch (const ValueError&) {
    refuse(400, "Invalid X-Timestamp header");
  }
}

std::optional<std::int64_t> expected_size(const SubrequestHeaders& headers) {
  const bool chunked = transfer_coding(headers) == TransferCoding::chunked;
  const std::string* value = headers.find(chunked ? "X-Backend-Obj-Content-Length" : "Content-Length");
  if (value == nullptr) return std::nullopt;
  return integer_header(*value, "Invalid Content-Length header value");
}

void check_object_creation(SubrequestHeaders& headers, const ObjectName& name, const Timestamp& timestamp,
                           const SwiftConstraints& constraints) {
  if (transfer_coding(headers) == TransferCoding::identity) {
    const auto size = expected_size(headers);
    if (!size) refuse(411, "Missing Content-Length header.");
    if (*size > constraints.max_file_size) refuse(413, "Your request is too large.");
  }
  const std::size_t name_length = python::utf8_length(name.object);
  if (static_cast<std::int64_t>(name_length) > constraints.max_object_name_length) {
    refuse(400, "Object name length of " + std::to_string(name_length) + " longer than " +
                    std::to_string(constraints.max_object_name_length));
  }
  if (headers.find("Content-Type") == nullptr) refuse(400, "No content type");
  check_delete_headers(headers, timestamp);
  const std::string& content_type = headers.value_or_empty("Content-Type");
  if (content_type.empty() || !python::is_utf8(content_type) ||
      content_type.find('\0') != std::string::npos) {
    refuse(400, "Invalid Content-Type");
  }
  check_metadata(headers, constraints);
}

}  // namespace ssync
