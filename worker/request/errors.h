// Exceptions that end a request without an answer.
#pragma once

#include <string>
#include <utility>

namespace ssync {

// Not derived from std::exception, so that it is never answered, counted or logged as an error of a part of
// the request.
class SessionEnding {
 public:
  explicit SessionEnding(std::string what) : what_(std::move(what)) {}
  [[nodiscard]] const char* what() const noexcept { return what_.c_str(); }

 private:
  std::string what_;
};

// The sender was silent for client_timeout. what() is Swift's text: "60.0 seconds: updates line".
class ClientTimeout : public SessionEnding {
 public:
  using SessionEnding::SessionEnding;
};

// The connection is lost: nginx or the sender is gone, the body ended too early, or the response cannot be
// written. There is no one to answer; what() is for the log.
class ClientGone : public SessionEnding {
 public:
  using SessionEnding::SessionEnding;
};

}  // namespace ssync
