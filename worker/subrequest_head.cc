#include "worker/subrequest_head.h"

#include <algorithm>

#include "common/errors.h"
#include "common/python_text.h"
#include "worker/header_text.h"
#include "worker/subrequest_limits.h"

namespace ssync {
namespace {

// A receiver ends the session at a longer line: Swift's network_chunk_size, which an operator may make larger
// but hardly smaller.
constexpr std::size_t kLongestLine = 65535;

std::string wire_bytes(const std::string& stored) { return python::utf8_to_latin1(stored).value_or(stored); }

}  // namespace

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
    throw ValueError("its metadata cannot be sent: it is too much");
  }
  return head.append("\r\n");
}

}  // namespace ssync
