// The one HTTP request of a sender's session: what goes out in chunks, and what comes back in lines.
#pragma once

#include <netdb.h>
#include <sys/uio.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/fd.h"
#include "worker/bandwidth_limit.h"
#include "worker/http_response.h"
#include "worker/interruption.h"
#include "worker/receiver_address.h"

namespace ssync {

struct ConnectionLimits {
  std::chrono::steady_clock::duration timeout;  // to connect, and without a byte taken or given when awaited
  std::int64_t bytes_per_second = 0;            // 0: no limit
};

// While it writes it reads as well, so that a receiver that says something early is heard, and neither side
// waits for the other for ever. Every function throws ConnectionLost, and SendingInterrupted; those that
// read, and those that write to a receiver that has gone after an ":ERROR:" line, ReceiverRefused with its
// words.
class SendingConnection {
 public:
  // Connects. interruption must outlive it.
  SendingConnection(const ReceiverAddress& address, const ConnectionLimits& limits,
                    const Interruption& interruption);

  // Sends the request's head as it is and reads that of the answer.
  HttpResponseHead request(std::string_view head);

  // Adds to the body. What is small is gathered into chunks of several hundred KiB.
  void write(std::string_view data);
  // Sends all that was written.
  void flush();
  // The same if some of it has waited for seconds, so that a receiver does not take a slow disk for silence.
  void flush_what_waits();
  // The last chunk, when nothing more is to be said or heard: whether it arrives makes no difference.
  void finish() noexcept;

  // True if read_line() would not wait.
  [[nodiscard]] bool has_line();
  // The next line of the answer without its line end, which may be LF alone. awaited says what is expected,
  // for the message of a ConnectionLost. Valid until the next call of anything.
  std::string_view read_line(std::string_view awaited);
  // The answer's body to its end, or these many bytes of it.
  std::string read_body(std::size_t limit);

 private:
  using Clock = std::chrono::steady_clock;

  void connect(const ReceiverAddress& address);
  int connect_error(const addrinfo& address, Clock::time_point until);
  [[nodiscard]] Clock::time_point deadline() const { return Clock::now() + limits_.timeout; }
  short wait(short events, Clock::time_point until);
  void send_chunk(std::string_view large);
  void send_all(std::span<iovec> pieces);
  void wait_for_allowance();
  void hear();
  bool receive();
  void await_more(std::string_view awaited);
  [[noreturn]] void fail(const std::string& why);

  std::string peer_;  // "HOST:PORT"
  ConnectionLimits limits_;
  BandwidthLimit bandwidth_;
  const Interruption& interruption_;
  Fd socket_;

  std::vector<char> out_;  // room for the chunk's size, then its data
  std::size_t out_size_ = 0;
  Clock::time_point flushed_at_;

  std::vector<char> raw_;
  HttpBodyDecoder decoder_;
  std::string in_;  // of the body, from in_at_ on not read yet
  std::size_t in_at_ = 0;
  std::size_t searched_to_ = 0;  // no line end between in_at_ and this
  bool gone_ = false;            // the receiver closed its side, or the connection broke
};

}  // namespace ssync
