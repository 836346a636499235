// The HTTP request of a sender's session: sends chunks, and receives lines.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "worker/sender/bandwidth_share.h"
#include "worker/sender/http_response.h"
#include "worker/sender/interruption.h"
#include "worker/sender/kept_connections.h"
#include "worker/sender/polled_socket.h"
#include "worker/sender/receiver_address.h"
#include "worker/sender/tls.h"

namespace ssync {

struct ConnectionLimits {
  std::chrono::steady_clock::duration timeout;  // of each wait to send or receive
  BandwidthShare::Limits bandwidth = {};        // of sending; all of them hold
  // Set while it waits for these; null: nobody looks. Must outlive the connection.
  std::atomic<bool>* held_back = nullptr;
  // Not set: timeout. node_timeout is how long the receiver may take to accept data, and to begin its answer.
  std::optional<std::chrono::steady_clock::duration> connect_timeout = {};
  std::optional<std::chrono::steady_clock::duration> node_timeout = {};
};

// For a connection with TLS.
struct ConnectionTls {
  std::shared_ptr<const TlsContext> context = {};  // null: none
  std::string name = {};                           // in the receiver's certificate; empty: the address's host
};

// While writing it also reads, to notice early responses of the receiver and to avoid a deadlock. Every
// function throws ConnectionLost and Interrupted. Functions that read, or write to a receiver that has closed
// the connection after an ":ERROR:" line, throw ReceiverRefused with its text.
class ReceiverConnection {
 public:
  // Connects, or takes one of these connections, which are not for TLS; null: none. interruption and kept
  // must outlive it.
  ReceiverConnection(const ReceiverAddress& address, const ConnectionLimits& limits,
                     const Interruption& interruption, const ConnectionTls& tls = {},
                     KeptConnections* kept = nullptr);

  // Whether it is a kept one over which the receiver has said that it is one of ours.
  [[nodiscard]] bool is_to_ours() const noexcept { return is_to_ours_; }
  // How many bytes more may be written before the request.
  [[nodiscard]] std::size_t room_beside_request() const noexcept { return chunk_size_ - out_size_ - 1; }

  // Sends the request's head unchanged, and reads the head of the response. What was written before is sent
  // with it, or else with what is written after it. Connects again if the receiver has closed a connection
  // that was kept.
  enum class Written { with_request, later };
  HttpResponseHead request(std::string_view head, Written written = Written::later);

  // Appends to the body. Small pieces are collected into chunks of several hundred KiB.
  void write(std::string_view data);
  // Sends all written data.
  void flush();
  // The same if some data has waited for seconds, so that the receiver does not time out because of a slow
  // disk.
  void flush_what_waits();
  // Sends all written data and the last chunk: the end of the request.
  void finish();
  // Keeps the connection, to a receiver of ours, for the next request, after finish() and when all that
  // matters of the response was read. Of no more use then. Does nothing if it cannot be kept.
  void give_back();

  // True if read_line() would not wait.
  [[nodiscard]] bool has_line();
  // The next line of the response without its line end, which may be LF alone. awaited names the expected
  // line, for the message of ConnectionLost. Valid until the next call of any function.
  std::string_view read_line(std::string_view awaited);
  // The response's body, at most limit bytes.
  std::string read_body(std::size_t limit);

 private:
  using Clock = PolledSocket::Clock;

  [[nodiscard]] PolledSocket connect() const;
  void start_tls(const ConnectionTls& tls, const std::string& host);
  HttpResponseHead request_once(std::string_view head, Written written);
  [[nodiscard]] Clock::duration node_timeout() const {
    return limits_.node_timeout.value_or(limits_.timeout);
  }
  ssize_t send_some(const msghdr& message);
  [[nodiscard]] std::string_view framed();
  void send_chunk(std::string_view large, std::string_view after = {});
  void send_all(std::span<iovec> pieces);
  bool wait_for_allowance(std::span<const iovec> pieces);
  void hear();
  bool receive();
  void await_more(std::string_view awaited, Clock::duration timeout);
  [[noreturn]] void fail(const std::string& why);

  std::string peer_;  // "HOST:PORT"
  ReceiverAddress address_;
  ConnectionLimits limits_;
  BandwidthShare bandwidth_;
  const Interruption& interruption_;
  KeptConnections* kept_;
  bool is_kept_one_ = false;  // the socket was used before
  bool is_to_ours_ = false;
  PolledSocket socket_;
  std::optional<TlsChannel> tls_;

  std::size_t chunk_size_;  // of the chunk that is being collected
  // Not initialised: a session of few objects touches little of them.
  std::unique_ptr<char[]> out_;  // room for the chunk's size, then its data
  std::size_t out_size_ = 0;
  Clock::time_point gathering_since_;

  std::unique_ptr<char[]> raw_;
  bool has_heard_ = false;  // anything at all
  bool may_be_kept_ = false;
  HttpBodyDecoder decoder_;
  std::string in_;  // received body; unread from in_at_ on
  std::size_t in_at_ = 0;
  std::size_t searched_to_ = 0;  // no line end between in_at_ and this
  bool gone_ = false;            // the receiver closed its side, or the connection failed
};

}  // namespace ssync
