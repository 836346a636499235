// What a request says before its body, as nginx hands it over.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace ssync {

// FastCGI's parameters by name; nullopt for one that nginx did not send. A header that came twice has its
// values joined by commas, as in Swift's server.
using FastCgiParams = std::function<std::optional<std::string>(const char*)>;

// The request's line, and the headers that every request may have.
struct RequestHead {
  std::string method;
  std::string uri;  // raw, as on the wire
  std::string remote_addr;
  std::string transaction_id;  // X-Trans-Id
  std::string referer;
  std::string user_agent;
  std::optional<std::string> policy_index;  // X-Backend-Storage-Policy-Index
  std::optional<std::string> frag_index;    // X-Backend-Ssync-Frag-Index
  std::optional<std::string> replication;   // X-Backend-Replication

  static RequestHead from_params(const FastCgiParams& param);
};

}  // namespace ssync
