#include "worker/protocol/subrequest.h"

#include <algorithm>
#include <cstddef>

#include "common/python/errors.h"
#include "common/python/number.h"
#include "common/python/repr.h"
#include "common/python/text.h"
#include "common/python/url.h"
#include "worker/http/header_text.h"

namespace ssync {
namespace {

constexpr char kNotEnoughValues[] = "not enough values to unpack (expected 2, got 1)";

// Limits of a head. Swift has none; its constraints keep metadata far below.
constexpr std::size_t kMaxHeaderLines = 5000;
constexpr std::size_t kMaxHeaderBytes = 4UL * 1024 * 1024;

// A receiver ends the session at a longer line: Swift's network_chunk_size, which operators may increase but
// hardly decrease.
constexpr std::size_t kLongestLine = 65535;

std::string wire_bytes(const std::string& stored) { return python::utf8_to_latin1(stored).value_or(stored); }

// An error that quotes the sender's bytes, which Swift reads as Latin-1.
ValueError text_error(const std::string& latin1) { return ValueError(python::latin1_to_utf8(latin1)); }

void check_method(const Subrequest& request, Dialect dialect) {
  const bool is_post = request.method == "POST" && dialect == Dialect::ssync;
  if (request.method == "DELETE" || is_post) {
    if (request.content_length.value_or(0) != 0) {
      throw text_error(request.method + " subrequest with content-length " + request.path);
    }
  } else if (request.method == "PUT") {
    if (!request.content_length) throw text_error("No content-length sent for " + request.context);
  } else {
    throw text_error("Invalid subrequest method " + request.method);
  }
}

}  // namespace

Subrequest::Subrequest(std::string_view line) : context(line) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) throw ValueError(kNotEnoughValues);
  method = line.substr(0, space);
  path = line.substr(space + 1);
}

void Subrequest::add_header(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) throw ValueError(kNotEnoughValues);
  std::string name = python::lower_ascii(python::strip(line.substr(0, colon)));
  std::string value(python::strip(line.substr(colon + 1)));
  headers.set(name, value);
  if (name == "content-length") content_length = python::parse_int(value, 10);
  if (name != "etag" && name != "x-backend-no-commit") replication_headers.push_back(std::move(name));
}

void Subrequest::add_backend_headers(const StoragePolicy& policy,
                                     const std::optional<std::int64_t>& frag_index) {
  headers.set("X-Backend-Storage-Policy-Index", std::to_string(policy.index));
  headers.set("X-Backend-Replication", "True");
  if (frag_index) headers.set("X-Backend-Ssync-Frag-Index", std::to_string(*frag_index));
  if (replication_headers.empty()) return;
  std::string names;
  for (const std::string& name : replication_headers) {
    if (!names.empty()) names += ' ';
    names += name;
  }
  headers.set("X-Backend-Replication-Headers", std::move(names));
}

Subrequest read_subrequest(std::string_view first_line, RequestInput& input, Dialect dialect) {
  Subrequest request(python::strip(first_line));
  std::size_t lines = 0;
  std::size_t bytes = 0;
  for (;;) {
    const std::string_view line = input.read_line("updates line");
    if (line.empty()) throw text_error("Got no headers for " + request.context);
    const std::string_view stripped = python::strip(line);
    if (stripped.empty()) break;
    bytes += line.size();
    if (++lines > kMaxHeaderLines || bytes > kMaxHeaderBytes) {
      throw text_error("Too many headers for " + request.context);
    }
    request.add_header(stripped);
  }
  check_method(request, dialect);
  return request;
}

std::string subrequest_head(std::string_view method, const ObjectName& name, StoredHeaders headers) {
  std::sort(headers.begin(), headers.end());
  std::string head(method);
  head.append(" ").append(python::quote(name.path())).append("\r\n");
  for (const auto& [stored_name, stored_value] : headers) {
    const std::string header = wire_bytes(stored_name);
    const std::string value = wire_bytes(stored_value);
    if (!can_be_a_header_name(header) || !can_be_a_header_value(value)) {
      throw ValueError("its metadata cannot be sent: " + python::repr_bytes(header) + ": " +
                       python::repr_bytes(value));
    }
    if (header.size() + value.size() + 4 > kLongestLine) {
      throw ValueError("its metadata cannot be sent: " + python::repr_bytes(header) + " is too long");
    }
    head.append(header).append(": ").append(value).append("\r\n");
  }
  if (headers.size() > kMaxHeaderLines || head.size() > kMaxHeaderBytes) {
    throw ValueError("its metadata cannot be sent: too many or too long headers");
  }
  return head.append("\r\n");
}

}  // namespace ssync
