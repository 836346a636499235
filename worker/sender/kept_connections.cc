#include "worker/sender/kept_connections.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <string_view>
#include <utility>

#include "worker/sender/errors.h"

namespace ssync {
namespace {

// More to one peer than are used at the same time are not needed.
constexpr std::size_t kMostOfAPeer = 16;

}  // namespace

std::optional<KeptConnections::Taken> KeptConnections::take(const std::string& peer) {
  const std::lock_guard lock(mutex_);
  const auto found = kept_.find(peer);
  if (found == kept_.end()) return std::nullopt;
  std::deque<Kept>& of_peer = found->second;
  // The last one first: those that are not needed any more grow old, and are closed by the peer.
  for (std::size_t left = of_peer.size(); left != 0; --left) {
    const auto kept = of_peer.begin() + static_cast<std::ptrdiff_t>(left - 1);
    const State state = state_of(*kept);
    if (state == State::busy) continue;
    Taken taken{.socket = std::move(kept->socket), .is_ours = kept->is_ours};
    of_peer.erase(kept);
    if (state == State::idle) return taken;
  }
  return std::nullopt;
}

void KeptConnections::keep(const std::string& peer, PolledSocket socket, HttpBodyDecoder answer,
                           bool is_ours) {
  const std::lock_guard lock(mutex_);
  std::deque<Kept>& of_peer = kept_[peer];
  if (of_peer.size() == kMostOfAPeer) of_peer.pop_front();
  of_peer.push_back({.socket = std::move(socket), .answer = std::move(answer), .is_ours = is_ours});
}

// Reads what has come since.
KeptConnections::State KeptConnections::state_of(Kept& kept) {
  std::array<char, 512> piece{};
  std::string body;
  for (;;) {
    const ssize_t size = ::recv(kept.socket.get(), piece.data(), piece.size(), MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return kept.answer.ended() ? State::idle : State::busy;
    if (size <= 0) return State::lost;
    try {
      const std::string_view raw(piece.data(), static_cast<std::size_t>(size));
      // Nobody has asked for more.
      if (kept.answer.decode(raw, body) != raw.size() || !body.empty()) return State::lost;
    } catch (const ReceiverRefused&) {
      return State::lost;
    }
  }
}

}  // namespace ssync
