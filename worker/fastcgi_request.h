// One FastCGI request at a time, through libfcgi.
#pragma once

#include <fcgiapp.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "worker/request_streams.h"
#include "worker/silence_timer.h"

namespace ssync {

// Input: each line, or piece of a body, has client_timeout to come, which SilenceTimer enforces: libfcgi
// keeps bytes of its own between reads, so poll() would not know when to wait. The input's end tells the two
// ends apart that matter: the empty STDIN record (the sender's last chunk arrived) and a connection that
// closed without it (nginx saw the sender vanish, or is gone itself).
//
// Output: what is written leaves with flush(). finish() ends the response as a whole one, so that nginx
// sends the last chunk; cut() ends it without, so that nginx drops the sender's connection at once.
class FastCgiRequest final : public RequestInput, public ResponseOutput {
 public:
  struct Limits {
    double client_timeout = 60.0;       // seconds, for one line or one piece of a body
    std::size_t max_line = 65536;       // bytes: network_chunk_size
    std::function<bool()> interrupted;  // true once the worker is to stop
  };

  // listening_fd is non-blocking. Throws std::runtime_error if libfcgi cannot start.
  FastCgiRequest(int listening_fd, Limits limits);
  ~FastCgiRequest() override;
  FastCgiRequest(const FastCgiRequest&) = delete;
  FastCgiRequest& operator=(const FastCgiRequest&) = delete;

  // Takes a waiting request. False if there is none (another worker was faster). Throws OsError if no
  // connection can be accepted.
  [[nodiscard]] bool accept();

  // A FastCGI parameter of the present request; nullopt if nginx sent none. Several of one name, from a
  // header that came several times, are joined by commas, as in Swift's server.
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
  // The bytes at hand, waiting for more if there are none; empty at the clean end.
  std::string_view available(std::string_view context, Clock::time_point deadline);
  void consume(std::size_t count);
  [[noreturn]] void fail_read(std::string_view context, int error) const;
  [[noreturn]] void fail_write() const;

  Limits limits_;
  Clock::duration timeout_;
  SilenceTimer timer_;
  FCGX_Request request_{};
  std::string line_;  // a line that lies in more than one of libfcgi's buffers
};

}  // namespace ssync
