// The head of a subrequest in a session, as written by a sender and read by a receiver.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/config/storage_policy.h"
#include "common/layout/object_name.h"
#include "worker/protocol/dialect.h"
#include "worker/protocol/subrequest_headers.h"
#include "worker/request/streams.h"

namespace ssync {

struct Subrequest {
  std::string method;
  std::string path;     // as sent, percent-encoded
  std::string context;  // the request line, for messages
  SubrequestHeaders headers;
  // Lower-case names of headers that are always stored: X-Backend-Replication-Headers.
  std::vector<std::string> replication_headers;
  std::optional<std::int64_t> content_length;

  // From the request line without its line end. Throws ValueError if it has no space.
  explicit Subrequest(std::string_view line);
  // Adds a header line, stripped. Throws ValueError if it has no colon, or for a Content-Length that is not
  // an integer.
  void add_header(std::string_view line);
  // Adds the headers that the receiver adds to each subrequest.
  void add_backend_headers(const StoragePolicy& policy, const std::optional<std::int64_t>& frag_index);
};

// Reads a subrequest's head after its first line, and checks it for its method (Receiver.updates). Throws
// ValueError with Python's message, which quotes the sender, and the exceptions of input.
Subrequest read_subrequest(std::string_view first_line, RequestInput& input, Dialect dialect);

// Names and values as Swift stores them: UTF-8.
using StoredHeaders = std::vector<std::pair<std::string, std::string>>;

// "<method> <quoted path>\r\n<name>: <value>\r\n…\r\n", headers sorted by name. Each is sent as the bytes it
// was received as, the Latin-1 encoding of its text (as in Swift 2.32 and later; earlier ones send UTF-8, so
// non-ASCII text is encoded once more at each replication). Text outside Latin-1, stored by Python 2, is sent
// unchanged. Throws ValueError for headers that a receiver would misread: with a line end or NUL, a colon or
// space in a name, or a line or head that is too long.
std::string subrequest_head(std::string_view method, const ObjectName& name, StoredHeaders headers);

}  // namespace ssync
