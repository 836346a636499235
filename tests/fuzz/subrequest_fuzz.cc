// The head of a subrequest: its line, its headers, the object it names and what is checked before a PUT.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/python/errors.h"
#include "common/python/text.h"
#include "common/python/url.h"
#include "tests/fuzz/require.h"
#include "worker/http/errors.h"
#include "worker/http/etag_list.h"
#include "worker/http/status.h"
#include "worker/object/object_creation_check.h"
#include "worker/object/subrequest_path.h"
#include "worker/protocol/subrequest.h"

namespace ssync {
namespace {

constexpr char kDevice[] = "sda1";
constexpr char kPartition[] = "7";
constexpr char kAutoCreatePrefix[] = ".";

std::string_view next_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

std::optional<Subrequest> parse_head(std::string_view input) {
  try {
    Subrequest request(next_line(input));
    while (!input.empty()) {
      const std::string_view header = python::strip(next_line(input));
      if (header.empty()) break;
      request.add_header(header);
    }
    return request;
  } catch (const ValueError&) {
    return std::nullopt;
  }
}

void check_headers(const SubrequestHeaders& headers) {
  for (const auto& [name, value] : headers.items()) {
    const std::string* found = headers.find(name);
    require(found != nullptr && *found == value, "each header is found by its name");
  }
}

std::optional<ObjectName> object_of(const std::string& path) {
  try {
    return parse_subrequest_path(kDevice, kPartition, path, kAutoCreatePrefix);
  } catch (const HttpError& error) {
    require(error.answer().status == 400 || error.answer().status == 412, "a bad path is a 400 or 412");
    return std::nullopt;
  }
}

void check_object(const ObjectName& name) {
  require(!name.account.empty() && !name.container.empty() && !name.object.empty(), "no part is empty");
  require(python::is_utf8(name.path()), "the name is UTF-8");
  const auto again = object_of(python::quote(name.path()));
  require(again && again->path() == name.path(), "the quoted name is a path to the same object");
  const auto parsed = ObjectName::parse(name.path());
  require(parsed && parsed->object == name.object, "the name is read from metadata as it was");
}

void check_creation(const Subrequest& request, const ObjectName& name) {
  const SwiftConstraints limits;
  SubrequestHeaders headers = request.headers;
  try {
    const Timestamp timestamp = valid_timestamp(headers);
    check_object_creation(headers, name, timestamp, limits);
    require(headers.find("X-Delete-After") == nullptr, "X-Delete-After has become X-Delete-At");
    require(headers.find("Content-Type") != nullptr, "there is a content type");
    if (const auto size = expected_size(headers)) {
      require(headers.find("Transfer-Encoding") != nullptr || *size <= limits.max_file_size,
              "the size is within bounds");
    }
    check_object_creation(headers, name, timestamp, limits);
  } catch (const HttpError& error) {
    require(error.answer().status >= 400 && error.answer().status < 600, "a refusal is a 4xx or 5xx");
  } catch (const OverflowError&) {
    // An infinite X-Timestamp.
  }
}

}  // namespace
}  // namespace ssync

// Input: a request line and headers as on the wire.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ssync;
  auto request = parse_head({reinterpret_cast<const char*>(data), size});
  if (!request) return 0;
  request->add_backend_headers(StoragePolicies({}).all().front(), 3);
  check_headers(request->headers);
  const std::string& tags = request->headers.value_or_empty("If-None-Match");
  require(etag_list_has(tags + ",*", "x"), "a list with '*' has any ETag");
  const auto name = object_of(request->path);
  if (!name) return 0;
  check_object(*name);
  check_creation(*request, *name);
  return 0;
}
