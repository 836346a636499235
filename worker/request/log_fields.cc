#include "worker/request/log_fields.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "common/python/errors.h"
#include "common/python/number.h"
#include "common/python/url.h"

namespace ssync {
namespace {

constexpr std::size_t kLongest = 256;

void add_text(std::vector<log::Field>& fields, std::string_view name, std::string_view value) {
  if (!value.empty()) fields.push_back({name, std::string(value.substr(0, kLongest))});
}

std::string_view take_segment(std::string_view& path) {
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(std::min(segment.size() + 1, path.size()));
  return segment;
}

// As a policy is chosen (StoragePolicies::from_header()), but for one that is not there.
void add_policy(std::vector<log::Field>& fields, const std::string& index) {
  try {
    fields.push_back({"policy", index.empty() ? 0 : python::parse_int(index, 10)});
  } catch (const ValueError&) {
    // Such a request is refused, with a line that has the text.
  }
}

void add_place(std::vector<log::Field>& fields, const RequestHead& head) {
  const std::string path = python::unquote(head.uri.substr(0, head.uri.find('?')));
  std::string_view rest = path;
  rest.remove_prefix(std::min(rest.find_first_not_of('/'), rest.size()));
  const std::string_view device = take_segment(rest);
  const std::string_view partition = take_segment(rest);
  // Not of /recon/async and the like.
  if (partition.empty() || partition.find_first_not_of("0123456789") != std::string_view::npos) return;
  add_text(fields, "device", device);
  add_text(fields, "partition", partition);
  add_policy(fields, head.policy_index.value_or(""));
}

}  // namespace

std::vector<log::Field> log_fields(const RequestHead& head) {
  std::vector<log::Field> fields;
  add_text(fields, "trans_id", head.log_id);
  add_text(fields, "method", head.method);
  add_text(fields, "remote_addr", head.remote_addr);
  add_place(fields, head);
  return fields;
}

}  // namespace ssync
