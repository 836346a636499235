#include "worker/sender/receiver_connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "common/python/text.h"
#include "worker/protocol/markers.h"
#include "worker/sender/errors.h"

namespace ssync {
namespace {

// The first chunks are smaller, so that the receiver has something to do while the sender reads on.
constexpr std::size_t kFirstChunkSize = 8UL * 1024;
constexpr std::size_t kChunkSize = 512UL * 1024;
// Larger pieces are sent without copying.
constexpr std::size_t kLargePiece = 128UL * 1024;
// Room for a chunk's size in hexadecimal and its line end.
constexpr std::size_t kSizeLineRoom = 18;
constexpr std::size_t kReceiveSize = 256UL * 1024;
constexpr std::size_t kLongestHead = 64UL * 1024;
constexpr std::size_t kLongestLine = 64UL * 1024;
// Receivers time out after 60 seconds by default.
constexpr std::chrono::seconds kLongestGathering(2);
// Maximum of unread response while sending. A receiver that answers line by line may be ahead by the size of
// the sockets' buffers.
constexpr std::size_t kMostHeard = 32UL * 1024 * 1024;

// Tells that it waits for bandwidth, as long as it exists.
class HeldBack {
 public:
  explicit HeldBack(std::atomic<bool>* told) : told_(told) { set(true); }
  ~HeldBack() { set(false); }
  HeldBack(const HeldBack&) = delete;
  HeldBack& operator=(const HeldBack&) = delete;

 private:
  void set(bool is_waiting) const noexcept {
    if (told_ != nullptr) told_->store(is_waiting, std::memory_order_relaxed);
  }
  std::atomic<bool>* told_;
};

iovec piece(std::string_view data) { return {const_cast<char*>(data.data()), data.size()}; }

}  // namespace

ReceiverConnection::ReceiverConnection(const ReceiverAddress& address, const ConnectionLimits& limits,
                                       const Interruption& interruption, const ConnectionTls& tls,
                                       KeptConnections* kept)
    : peer_(address.host_and_port()),
      address_(address),
      limits_(limits),
      bandwidth_([&] {
        const HeldBack told(limits.held_back);
        return BandwidthShare(limits.bandwidth, [&interruption] { interruption.check(); });
      }()),
      interruption_(interruption),
      kept_(kept),
      socket_([this] {
        std::optional<KeptConnections::Taken> idle = kept_ == nullptr ? std::nullopt : kept_->take(peer_);
        is_kept_one_ = idle.has_value();
        is_to_ours_ = idle && idle->is_ours;
        return idle ? std::move(idle->socket) : connect();
      }()),
      chunk_size_(kFirstChunkSize),
      out_(std::make_unique_for_overwrite<char[]>(kSizeLineRoom + kChunkSize + 2)),
      raw_(std::make_unique_for_overwrite<char[]>(kReceiveSize)) {
  if (tls.context) start_tls(tls, address.host);
}

PolledSocket ReceiverConnection::connect() const {
  return {address_.host, address_.port, limits_.connect_timeout.value_or(limits_.timeout), interruption_};
}

void ReceiverConnection::start_tls(const ConnectionTls& tls, const std::string& host) {
  const auto until = Clock::now() + limits_.timeout;
  try {
    tls_.emplace(*tls.context, socket_.get(), tls.name.empty() ? host : tls.name);
    for (;;) {
      const TlsChannel::Step step = tls_->shake_hands();
      if (step == TlsChannel::Step::done) return;
      if (socket_.wait(step == TlsChannel::Step::wants_read ? POLLIN : POLLOUT, until) == 0) {
        throw ConnectionLost(std::strerror(ETIMEDOUT));
      }
    }
  } catch (const ConnectionLost& error) {
    throw ConnectionLost("cannot connect to " + peer_ + ": " + error.what());
  }
}

HttpResponseHead ReceiverConnection::request(std::string_view head, Written written) {
  if (is_kept_one_) {
    try {
      return request_once(head, written);
    } catch (const ConnectionLost&) {
      const bool was_closed_before = gone_ && !has_heard_;
      if (!was_closed_before) throw;
    }
    is_kept_one_ = gone_ = false;
    socket_ = connect();
  }
  return request_once(head, written);
}

HttpResponseHead ReceiverConnection::request_once(std::string_view head, Written written) {
  std::array<iovec, 2> whole{piece(head), {}};
  const bool is_with_it = written == Written::with_request && out_size_ != 0;
  if (is_with_it) whole[1] = piece(framed());
  send_all(std::span(whole).first(is_with_it ? 2 : 1));
  // Without a decoder yet, the head collects in in_ as received.
  for (;;) {
    const std::size_t end = in_.find("\r\n\r\n");
    if (end != std::string::npos) {
      HttpResponseHead answer = HttpResponseHead::parse(std::string_view(in_).substr(0, end));
      const std::string rest = in_.substr(end + 4);
      in_.clear();
      if (answer.status < 200) {
        in_ = rest;
        continue;
      }
      if (is_with_it) out_size_ = 0;
      may_be_kept_ = answer.keeps_connection;
      decoder_ = HttpBodyDecoder(answer);
      decoder_.decode(rest, in_);
      gone_ = decoder_.ended();
      return answer;
    }
    if (in_.size() > kLongestHead) throw ReceiverRefused("response headers are too long");
    await_more("a response", node_timeout());
  }
}

void ReceiverConnection::write(std::string_view data) {
  if (data.size() >= kLargePiece) {
    send_chunk(data);
    return;
  }
  while (!data.empty()) {
    if (out_size_ == 0) gathering_since_ = Clock::now();
    const std::size_t size = std::min(data.size(), chunk_size_ - out_size_);
    std::memcpy(out_.get() + kSizeLineRoom + out_size_, data.data(), size);
    out_size_ += size;
    data.remove_prefix(size);
    if (out_size_ == chunk_size_) {
      send_chunk({});
      chunk_size_ = std::min(2 * chunk_size_, kChunkSize);
    }
  }
}

void ReceiverConnection::flush() {
  if (out_size_ != 0) send_chunk({});
}

void ReceiverConnection::flush_what_waits() {
  if (out_size_ != 0 && Clock::now() - gathering_since_ > kLongestGathering) send_chunk({});
}

void ReceiverConnection::finish() { send_chunk({}, "0\r\n\r\n"); }

void ReceiverConnection::give_back() {
  // A closed connection, or one that its end of the response closes, is left to the destructor.
  const bool is_closed = gone_ && !decoder_.ended();
  if (kept_ == nullptr || tls_ || !may_be_kept_ || is_closed || in_at_ != in_.size()) return;
  kept_->keep(peer_, std::move(socket_), std::move(decoder_), true);
  gone_ = true;
}

// Sends what the socket takes. Returns its size, or -1 with errno.
ssize_t ReceiverConnection::send_some(const msghdr& message) {
  if (!tls_) return ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
  const iovec& first = message.msg_iov[0];
  return tls_->send({static_cast<const char*>(first.iov_base), first.iov_len});
}

// The collected data as a chunk.
std::string_view ReceiverConnection::framed() {
  constexpr std::string_view kEnd = "\r\n";
  std::array<char, kSizeLineRoom + 1> size{};
  const auto length = static_cast<std::size_t>(std::snprintf(size.data(), size.size(), "%zx\r\n", out_size_));
  char* const begin = out_.get() + kSizeLineRoom - length;
  std::memcpy(begin, size.data(), length);
  // out_ has room for the line end too.
  std::memcpy(out_.get() + kSizeLineRoom + out_size_, kEnd.data(), kEnd.size());
  return {begin, length + out_size_ + kEnd.size()};
}

// Sends the collected data as one chunk, the large piece as another, and what is framed already after them.
void ReceiverConnection::send_chunk(std::string_view large, std::string_view after) {
  constexpr std::string_view kEnd = "\r\n";
  std::array<iovec, 5> pieces{};
  std::size_t count = 0;
  if (out_size_ != 0) {
    pieces[count++] = piece(framed());
    out_size_ = 0;
  }
  std::array<char, kSizeLineRoom + 1> size{};
  if (!large.empty()) {
    const int length = std::snprintf(size.data(), size.size(), "%zx\r\n", large.size());
    pieces[count++] = {size.data(), static_cast<std::size_t>(length)};
    pieces[count++] = piece(large);
    pieces[count++] = piece(kEnd);
  }
  if (!after.empty()) pieces[count++] = piece(after);
  send_all(std::span(pieces).first(count));
}

void ReceiverConnection::send_all(std::span<iovec> pieces) {
  // Read first, so that the receiver's error line is seen before a write fails.
  hear();
  auto until = Clock::now() + node_timeout();
  while (!pieces.empty()) {
    if (gone_) fail("closed the connection while data was being sent");
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    iovec limited{};
    if (bandwidth_.is_limited()) {
      // The receiver has not been slow meanwhile.
      if (wait_for_allowance(pieces)) until = Clock::now() + node_timeout();
      if (gone_) continue;
      limited = {pieces[0].iov_base, std::min(pieces[0].iov_len, bandwidth_.most_at_once())};
      message.msg_iov = &limited;
      message.msg_iovlen = 1;
    }
    const ssize_t sent = send_some(message);
    if (sent < 0) {
      if (errno == EINTR) continue;
      if (errno != EAGAIN) {
        const int error = errno;
        while (receive()) {
        }
        fail(std::string("connection failed while sending: ") + std::strerror(error));
      }
      const short events = socket_.wait(in_.size() - in_at_ < kMostHeard ? POLLIN | POLLOUT : POLLOUT, until);
      if (events == 0) fail("timed out: accepted no data for " + seconds_text(node_timeout()) + " seconds");
      if ((events & ~POLLOUT) != 0) hear();
      continue;
    }
    auto left = static_cast<std::size_t>(sent);
    if (bandwidth_.is_limited()) bandwidth_.account(left);
    until = Clock::now() + node_timeout();
    while (left != 0 && left >= pieces[0].iov_len) {
      left -= pieces[0].iov_len;
      pieces = pieces.subspan(1);
    }
    if (left != 0) pieces[0] = {static_cast<char*>(pieces[0].iov_base) + left, pieces[0].iov_len - left};
  }
}

// Until some bytes of these may be sent, or the receiver is gone. True if there was anything to wait for.
bool ReceiverConnection::wait_for_allowance(std::span<const iovec> pieces) {
  std::size_t waiting = 0;
  for (const iovec& one : pieces) waiting += one.iov_len;
  const Clock::time_point ready_at = bandwidth_.ready_at(waiting, Clock::now());
  if (Clock::now() >= ready_at) return false;
  const HeldBack told(limits_.held_back);
  while (!gone_ && Clock::now() < ready_at) {
    if (socket_.wait(POLLIN, ready_at) != 0) hear();
  }
  return true;
}

// Reads available data, without waiting.
void ReceiverConnection::hear() {
  interruption_.check();
  while (!gone_ && in_.size() - in_at_ < kMostHeard && receive()) {
  }
}

// Reads available data, at most one buffer. False if there is none.
bool ReceiverConnection::receive() {
  const ssize_t size = tls_ ? tls_->receive(raw_.get(), kReceiveSize)
                            : ::recv(socket_.get(), raw_.get(), kReceiveSize, MSG_DONTWAIT);
  if (size < 0 && (errno == EINTR || errno == EAGAIN)) return false;
  if (size <= 0) {
    gone_ = true;
    return false;
  }
  has_heard_ = true;
  if (in_at_ == in_.size()) {
    in_.clear();
    in_at_ = searched_to_ = 0;
  }
  decoder_.decode({raw_.get(), static_cast<std::size_t>(size)}, in_);
  if (decoder_.ended()) gone_ = true;
  return true;
}

void ReceiverConnection::await_more(std::string_view awaited, Clock::duration timeout) {
  if (gone_) fail("closed the connection before sending " + std::string(awaited));
  if (socket_.wait(POLLIN, Clock::now() + timeout) == 0) {
    throw ConnectionLost(peer_ + " timed out: sent nothing for " + seconds_text(timeout) +
                         " seconds while waiting for " + std::string(awaited));
  }
  receive();
}

bool ReceiverConnection::has_line() {
  searched_to_ = std::min(in_.find('\n', searched_to_), in_.size());
  return searched_to_ < in_.size();
}

std::string_view ReceiverConnection::read_line(std::string_view awaited) {
  while (!has_line()) {
    if (in_.size() - in_at_ > kLongestLine) throw ReceiverRefused("line from the receiver is too long");
    in_.erase(0, in_at_);
    searched_to_ -= in_at_;
    in_at_ = 0;
    await_more(awaited, limits_.timeout);
  }
  const std::string_view line = python::strip(std::string_view(in_).substr(in_at_, searched_to_ - in_at_));
  in_at_ = ++searched_to_;
  return line;
}

std::string ReceiverConnection::read_body(std::size_t limit) {
  while (!gone_ && in_.size() - in_at_ < limit) {
    if (socket_.wait(POLLIN, Clock::now() + limits_.timeout) == 0) break;
    receive();
  }
  return in_.substr(in_at_, limit);
}

// Reports a failed connection: with the receiver's error line, if it sent one.
void ReceiverConnection::fail(const std::string& why) {
  while (has_line()) {
    const std::string_view line = read_line("");
    if (is_error_line(line)) throw_refusal(line);
  }
  const std::string_view rest = std::string_view(in_).substr(in_at_);
  if (is_error_line(rest)) throw_refusal(rest);
  throw ConnectionLost(peer_ + " " + why);
}

}  // namespace ssync
