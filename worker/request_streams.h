// A request's body and its response, as a session sees them. The one implementation that serves is
// FastCgiRequest; tests bring their own.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace ssync {

// What ends a session from below: never an answer to a subrequest.
class SessionEnding : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The sender was silent for client_timeout. what() is Swift's text: "60.0 seconds: updates line".
class ClientTimeout : public SessionEnding {
 public:
  using SessionEnding::SessionEnding;
};

// The body cannot be read further: nginx or the sender is gone, the body ended where more had to come,
// or the response cannot be written. Nobody is left to be told; what() is for the log.
class ClientGone : public SessionEnding {
 public:
  using SessionEnding::SessionEnding;
};

// The worker is told to stop: the session ends early, without a word.
class SessionInterrupted : public SessionEnding {
 public:
  using SessionEnding::SessionEnding;
};

class RequestInput {
 public:
  virtual ~RequestInput() = default;

  // The next line with its newline, or an empty view at the clean end of the body. The view is valid
  // until the next read. context says what is awaited, for the timeout's text. A line longer than
  // network_chunk_size, or one that the body's end cuts, throws ClientGone (as Swift 2.36 and later).
  // Throws ClientTimeout if the line is not there in time.
  virtual std::string_view read_line(std::string_view context) = 0;

  // Up to limit bytes, at least one; the view is valid until the next read. Throws ClientGone at the
  // body's end, clean or not, and ClientTimeout.
  virtual std::string_view read_some(std::size_t limit, std::string_view context) = 0;

  // True if nothing is here to be read, so that whoever has work to do in the meantime should do it. May be
  // true although a little is.
  [[nodiscard]] virtual bool is_waiting() = 0;
};

class ResponseOutput {
 public:
  virtual ~ResponseOutput() = default;

  virtual void write(std::string_view data) = 0;
  // Sends what was written to nginx now. Throws ClientGone.
  virtual void flush() = 0;
};

}  // namespace ssync
