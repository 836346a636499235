// A subrequest inside a session: its head as the sender wrote it, and what Swift's object server would
// see of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/object_name.h"
#include "common/storage_policy.h"

namespace ssync {

// Headers as a WSGI environment keeps them: '-' and '_' and the letters' case make no difference, the
// last of several values wins and stays in the first one's place. Names and values are bytes.
class SubrequestHeaders {
 public:
  SubrequestHeaders();

  void set(std::string_view name, std::string value);
  void erase(std::string_view name);
  [[nodiscard]] const std::string* find(std::string_view name) const;
  // The value, or an empty string.
  [[nodiscard]] const std::string& value_or_empty(std::string_view name) const;
  // Names in title case ("X-Object-Meta-Color") in the order of swob's HeaderEnvironProxy.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> items() const;

 private:
  std::vector<std::pair<std::string, std::string>> environment_;
};

struct Subrequest {
  std::string method;
  std::string path;     // as sent, percent-encoded
  std::string context;  // the request line, for messages
  SubrequestHeaders headers;
  // Names (lower case) whose values are stored whatever they are: X-Backend-Replication-Headers.
  std::vector<std::string> replication_headers;
  std::optional<std::int64_t> content_length;

  // From the request line without its line end. Throws ValueError if it has no space.
  explicit Subrequest(std::string_view line);
  // Adds a header line, stripped. Throws ValueError for one without a colon or a Content-Length that is
  // no integer.
  void add_header(std::string_view line);
  // Adds the headers that the receiver itself gives to each subrequest.
  void add_backend_headers(const StoragePolicy& policy, const std::optional<std::int64_t>& frag_index);
};

// The object that the path names, when it is sent to this device and partition
// (swob.Request.blank, then get_obj_name_and_placement). Throws HttpError: 412 for what is not UTF-8,
// 400 for a path or a use of the reserved namespace that Swift refuses, and for a path that would leave
// the partition.
ObjectName parse_subrequest_path(const std::string& device, const std::string& partition,
                                 const std::string& path, const std::string& auto_create_account_prefix);

}  // namespace ssync
