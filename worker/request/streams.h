// Interfaces of a request's body and its response. Implemented by FastCgiRequest, and by mocks in tests.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace ssync {

class RequestInput {
 public:
  virtual ~RequestInput() = default;

  // The next line with its newline, or an empty view at the clean end of the body. The view is valid
  // until the next read. context names the expected input, for the text of a timeout. Throws ClientGone for a
  // line longer than network_chunk_size or cut by the end of the body (as in Swift 2.36 and later), and
  // ClientTimeout if the line does not arrive in time.
  virtual std::string_view read_line(std::string_view context) = 0;

  // Up to limit bytes, at least one; the view is valid until the next read. Throws ClientGone at any end of
  // the body, and ClientTimeout.
  virtual std::string_view read_some(std::size_t limit, std::string_view context) = 0;

  // True if no input is buffered, so that the caller can do other work meanwhile. May be true although a
  // little input is available.
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
