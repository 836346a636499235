// Serves one FastCGI request at a time, with libfcgi.
#pragma once

#include <fcgiapp.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "worker/fastcgi/silence_timer.h"
#include "worker/request/streams.h"

namespace ssync {

// Input: each line, or piece of a body, must arrive within client_timeout. SilenceTimer enforces that,
// because libfcgi buffers input and so poll() cannot tell whether to wait. Two kinds of end are
// distinguished: the empty STDIN record (the sender's last chunk arrived) and a connection closed without it
// (nginx lost the sender, or is gone itself).
//
// Output: flush() sends what was written. finish() completes the response, so that nginx sends the last
// chunk; cut() aborts it, so that nginx drops the sender's connection immediately.
class FastCgiRequest final : public RequestInput, public ResponseOutput {
 public:
  struct Limits {
    double client_timeout = 60.0;            // seconds, for one line or one piece of a body
    std::size_t max_line = 65536;            // bytes: network_chunk_size
    std::function<bool()> interrupted = {};  // true when the worker has to stop
  };

  // listening_fd is non-blocking. Throws std::runtime_error if libfcgi cannot start.
  FastCgiRequest(int listening_fd, Limits limits);
  ~FastCgiRequest() override;
  FastCgiRequest(const FastCgiRequest&) = delete;
  FastCgiRequest& operator=(const FastCgiRequest&) = delete;

  // Accepts a waiting request. False if there is none (another worker was faster). Throws OsError if
  // accepting fails.
  [[nodiscard]] bool accept();

  // The same, but a failure is logged, and followed by a pause: the socket stays readable, so it would repeat
  // at once.
  [[nodiscard]] bool accept_or_pause();

  // A FastCGI parameter of the current request; nullopt if nginx did not send it. The values of a repeated
  // header are joined by commas, as in Swift's server.
  [[nodiscard]] std::optional<std::string> param(const char* name) const;

  std::string_view read_line(std::string_view context) override;
  std::string_view read_some(std::size_t limit, std::string_view context) override;
  bool is_waiting() override;
  void write(std::string_view data) override;
  void flush() override;

  void finish() noexcept;
  void cut() noexcept;

 private:
  using Clock = SilenceTimer::Clock;

  [[nodiscard]] Clock::time_point deadline_from_now() const;
  // The buffered bytes, waiting for more if there are none; empty at the clean end.
  std::string_view available(std::string_view context, Clock::time_point deadline);
  void consume(std::size_t count);
  [[noreturn]] void fail_read(std::string_view context, int error) const;
  [[noreturn]] void fail_write() const;

  Limits limits_;
  Clock::duration timeout_;
  SilenceTimer timer_;
  FCGX_Request request_{};
  std::string line_;  // a line that spans several of libfcgi's buffers
};

}  // namespace ssync
