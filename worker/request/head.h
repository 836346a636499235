// The head of a request, as passed by nginx.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace ssync {

// FastCGI parameters by name; nullopt if nginx did not send it. The values of a repeated header are joined by
// commas, as in Swift's server.
using FastCgiParams = std::function<std::optional<std::string>(const char*)>;

// The request line, and the headers that any request may have.
struct RequestHead {
  std::string method;
  std::string uri;  // raw, as on the wire
  std::string remote_addr;
  std::string transaction_id;  // X-Trans-Id
  // By which nginx's line of this request has it as well: SSYNC_TRANS_ID, which the site makes, or else
  // X-Trans-Id; empty if there is neither. For the log alone.
  std::string log_id;
  std::string referer;
  std::string user_agent;
  std::optional<std::string> policy_index;  // X-Backend-Storage-Policy-Index
  std::optional<std::string> frag_index;    // X-Backend-Ssync-Frag-Index
  std::optional<std::string> tell_held;     // X-Backend-Ssync-Tell-Held
  std::optional<std::string> list_follows;  // X-Backend-Ssync-List-Follows
  std::optional<std::string> partitions;    // X-Backend-Ssync-Partitions
  std::optional<std::string> replication;   // X-Backend-Replication

  static RequestHead from_params(const FastCgiParams& param);
};

}  // namespace ssync
