#include "worker/replicator/peer_requests.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "common/python/text.h"
#include "common/python/url.h"
#include "worker/replicator/pass_board.h"
#include "worker/sender/errors.h"
#include "worker/sender/polled_socket.h"

namespace ssync {
namespace {

constexpr std::size_t kLongestHead = 64UL * 1024;
// The hashes of all 4,096 suffixes take a twentieth of it.
constexpr std::size_t kLongestBody = 4UL * 1024 * 1024;
constexpr std::chrono::milliseconds kLongestPause{500};
constexpr std::chrono::minutes kBusyFor{1};

// Refused because of the load, and not for good as with a policy that the node does not have.
bool has_no_room(const PeerAnswer& answer) {
  return answer.head.status == 503 && answer.body.find("No policy with index") == std::string::npos;
}

}  // namespace

// One connection, for one request.
class PeerRequests::Connection {
 public:
  // was_used: for a request before.
  Connection(const std::string& peer, PolledSocket socket, bool was_used, bool is_to_ours,
             const PeerLimits& limits)
      : peer_(peer),
        socket_(std::move(socket)),
        was_used_(was_used),
        is_to_ours_(is_to_ours),
        limits_(limits) {}

  // Throws Stale if the peer has closed the connection since the last answer.
  struct Stale {};
  PeerAnswer ask(const std::string& request, bool has_body);
  // After the answer.
  void give_to(KeptConnections& connections);

 private:
  void send(std::string_view data);
  bool receive();  // false at the end
  [[noreturn]] void time_out() const;
  HttpResponseHead read_head();

  const std::string& peer_;
  PolledSocket socket_;
  bool was_used_;
  bool is_to_ours_;
  const PeerLimits& limits_;
  PolledSocket::Clock::time_point until_;
  std::string in_;
  bool has_heard_ = false;
  bool can_be_kept_ = false;
  HttpBodyDecoder decoder_;
};

PeerAnswer PeerRequests::Connection::ask(const std::string& request, bool has_body) {
  until_ = PolledSocket::Clock::now() + limits_.answer;
  send(request);
  PeerAnswer answer{.head = read_head(), .body = {}};
  if (answer.is_from_ours()) is_to_ours_ = true;
  bool is_all_of_it = true;
  const auto decode = [&] {
    const std::string piece = std::exchange(in_, {});
    is_all_of_it = decoder_.decode(piece, answer.body) == piece.size();
  };
  if (has_body) {
    decoder_ = HttpBodyDecoder(answer.head);
    decode();
    while (!decoder_.ended()) {
      if (answer.body.size() > kLongestBody) throw ReceiverRefused(peer_ + ": its answer is too long");
      if (!receive()) {
        // Without a length, the end of the connection is that of the body.
        if (answer.head.find("content-length") == nullptr &&
            answer.head.find("transfer-encoding") == nullptr) {
          return answer;
        }
        throw ConnectionLost(peer_ + " closed the connection within its answer");
      }
      decode();
    }
  } else {
    decoder_ = HttpBodyDecoder::of_no_body();
  }
  can_be_kept_ = answer.head.keeps_connection && is_all_of_it && in_.empty();
  return answer;
}

void PeerRequests::Connection::give_to(KeptConnections& connections) {
  if (can_be_kept_) connections.keep(peer_, std::move(socket_), std::move(decoder_), is_to_ours_);
}

void PeerRequests::Connection::send(std::string_view data) {
  while (!data.empty()) {
    const ssize_t sent = ::send(socket_.get(), data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) {
      data.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      if (socket_.wait(POLLOUT, until_) == 0) throw ConnectionLost(peer_ + " timed out: accepts no data");
    } else if (errno != EINTR) {
      if (was_used_) throw Stale{};
      throw ConnectionLost(peer_ + ": connection failed while sending: " + std::strerror(errno));
    }
  }
}

bool PeerRequests::Connection::receive() {
  std::array<char, 16384> piece{};
  for (;;) {
    // Also of a peer that always has more to say.
    if (PolledSocket::Clock::now() >= until_) time_out();
    const ssize_t size = ::recv(socket_.get(), piece.data(), piece.size(), MSG_DONTWAIT);
    if (size > 0) {
      has_heard_ = true;
      in_.append(piece.data(), static_cast<std::size_t>(size));
      return true;
    }
    if (size == 0) return false;
    if (errno == EAGAIN) {
      if (socket_.wait(POLLIN, until_) == 0) time_out();
    } else if (errno != EINTR) {
      if (was_used_ && !has_heard_) throw Stale{};
      throw ConnectionLost(peer_ + ": connection failed while receiving: " + std::strerror(errno));
    }
  }
}

void PeerRequests::Connection::time_out() const {
  throw ConnectionLost(peer_ + " timed out: no answer within " + seconds_text(limits_.answer) + " seconds");
}

HttpResponseHead PeerRequests::Connection::read_head() {
  for (;;) {
    const std::size_t end = in_.find("\r\n\r\n");
    if (end != std::string::npos) {
      HttpResponseHead head = HttpResponseHead::parse(std::string_view(in_).substr(0, end));
      in_.erase(0, end + 4);
      if (head.status >= 200) return head;
      continue;
    }
    if (in_.size() > kLongestHead) throw ReceiverRefused(peer_ + ": response headers are too long");
    if (!receive()) {
      if (was_used_ && !has_heard_) throw Stale{};
      throw ConnectionLost(peer_ + " closed the connection before sending a response");
    }
  }
}

PeerRequests::PeerRequests(const PeerLimits& limits, KeptConnections& connections,
                           const Interruption& interruption, PassBoard* board)
    : limits_(limits),
      connections_(connections),
      interruption_(interruption),
      board_(board),
      user_agent_("object-replicator " + std::to_string(::getpid())) {}

PeerAnswer PeerRequests::ask(const RingDevice& node, const StoragePolicy& policy, std::string_view method,
                             const std::string& path, std::string_view headers) {
  const std::string peer = host_and_port(node.replication_ip, std::to_string(node.replication_port));
  std::string request(method);
  request.append(" /")
      .append(python::quote(node.device))
      .append(path)
      .append(" HTTP/1.1\r\nHost: ")
      .append(peer);
  request.append("\r\nContent-Length: 0\r\nUser-Agent: ").append(user_agent_);
  request.append("\r\nX-Backend-Storage-Policy-Index: ").append(std::to_string(policy.index)).append("\r\n");
  request.append(headers).append("\r\n");
  Patience patience;
  for (;;) {
    PeerAnswer answer = ask_once(peer, node, request, method != "HEAD");
    if (!has_no_room(answer) || !wait_for_room(node, patience)) return answer;
  }
}

PeerAnswer PeerRequests::ask_once(const std::string& peer, const RingDevice& node, const std::string& request,
                                  bool has_body) {
  for (;;) {
    std::optional<KeptConnections::Taken> idle = connections_.take(peer);
    const bool was_used = idle.has_value();
    const bool is_to_ours = idle && idle->is_ours;
    Connection connection(peer,
                          idle ? std::move(idle->socket)
                               : PolledSocket(node.replication_ip, std::to_string(node.replication_port),
                                              limits_.connect, interruption_),
                          was_used, is_to_ours, limits_);
    try {
      PeerAnswer answer = connection.ask(request, has_body);
      connection.give_to(connections_);
      return answer;
    } catch (const Connection::Stale&) {
      // The next one, or a new one.
    }
  }
}

bool PeerRequests::wait_for_room(const RingDevice& node, Patience& patience) {
  const std::string device = node_text(node);
  {
    const std::lock_guard lock(mutex_);
    const Clock::time_point now = Clock::now();
    const auto busy = busy_until_.find(device);
    if (busy != busy_until_.end() && now < busy->second) return false;
    if (now + patience.next_pause > patience.since + limits_.patience) {
      busy_until_[device] = now + kBusyFor;
      return false;
    }
  }
  std::optional<PassBoard::PeerIsBusy> told;
  if (board_ != nullptr) told.emplace(*board_, device);
  interruption_.wait(patience.next_pause);
  patience.next_pause = std::min<Clock::duration>(2 * patience.next_pause, kLongestPause);
  return true;
}

std::string node_text(const RingDevice& node) {
  return host_and_port(node.replication_ip, std::to_string(node.replication_port)) + "/" + node.device;
}

}  // namespace ssync
