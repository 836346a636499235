#include "common/statsd/datagram_sender.h"

#include <netdb.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstring>
#include <mutex>
#include <system_error>
#include <utility>
#include <vector>

#include "common/os/blocked_signals.h"
#include "common/os/fd.h"
#include "common/os/log.h"

namespace ssync {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostWaiting = 1000;
constexpr std::chrono::seconds kBetweenLookUps{60};
constexpr std::chrono::seconds kAfterFailedLookUp{10};
constexpr std::chrono::seconds kLongestLastWait{2};
constexpr std::chrono::hours kBetweenLines{1};

LookUp look_up(const std::string& host, int port, int family, int flags) {
  addrinfo hints{};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_DGRAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) return {.found = {}, .why = ::gai_strerror(error)};
  DatagramAddress address;
  address.size = found->ai_addrlen;
  std::memcpy(&address.address, found->ai_addr, found->ai_addrlen);
  ::freeaddrinfo(found);
  return {.found = address, .why = {}};
}

LookUp look_up_either(const std::string& host, int port, int flags) {
  LookUp result = look_up(host, port, AF_INET, flags);
  if (!result.found) result = look_up(host, port, AF_INET6, flags);
  return result;
}

// An address, and a socket of its family.
struct Target {
  Fd socket;
  DatagramAddress address;
};

std::shared_ptr<const Target> target_of(const DatagramAddress& address) {
  auto target = std::make_shared<Target>();
  target->address = address;
  target->socket = Fd(::socket(address.address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return target->socket ? target : nullptr;
}

}  // namespace

LookUp look_up_datagram_address(const std::string& host, int port) { return look_up_either(host, port, 0); }

struct DatagramSender::Shared {
  Shared(std::string to_host, int to_port) : host(std::move(to_host)), port(to_port) {}

  const std::string host;
  const int port;

  std::mutex mutex;  // guards all below
  std::condition_variable changed;
  std::shared_ptr<const Target> target;
  std::string why;                   // there is none
  std::vector<std::string> waiting;  // for the first look-up
  bool is_looked_up = false;
  bool is_looking_up = false;
  bool is_stopping = false;
  bool is_abandoned = false;  // the process may be about to end: nothing but this may be touched
  std::uint64_t unsent = 0;
  Clock::time_point next_line;

  void note_unsent(std::uint64_t number, const std::string& reason) {
    unsent += number;
    const auto now = Clock::now();
    if (now < next_line) return;
    next_line = now + kBetweenLines;
    log::warning(
        "Error sending UDP message to ('{}', {}): {}; metrics that were not sent so far: {}. It is said at "
        "most once an hour; see log_statsd_host",
        host, port, reason, unsent);
  }

  // For what is sent from now on. An address that was found before stays if there is none now.
  void take(const LookUp& result) {
    if (result.found) {
      target = target_of(*result.found);
      why = target ? "" : std::strerror(errno);
    } else if (!target) {
      why = result.why;
    }
    is_looked_up = true;
  }

  // Sends what waited.
  void deliver() {
    std::vector<std::string> datagrams;
    std::swap(datagrams, waiting);
    for (const std::string& datagram : datagrams) {
      if (!target) {
        note_unsent(1, why);
      } else if (const int error = send_to(*target, datagram)) {
        note_unsent(1, std::strerror(error));
      }
    }
  }

  // 0, or errno.
  static int send_to(const Target& target, const std::string& datagram) {
    const ssize_t sent =
        ::sendto(target.socket.get(), datagram.data(), datagram.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&target.address.address), target.address.size);
    return sent < 0 ? errno : 0;
  }
};

DatagramSender::DatagramSender(const std::string& host, int port, Resolve resolve)
    : shared_(std::make_shared<Shared>(host, port)) {
  const LookUp numeric = look_up_either(host, port, AI_NUMERICHOST);
  if (numeric.found) {
    shared_->take(numeric);
    return;
  }
  try {
    const BlockedSignals blocked;
    resolver_ =
        std::thread([shared = shared_, resolve = std::move(resolve)] { keep_looking_up(shared, resolve); });
  } catch (const std::system_error& error) {
    shared_->take({.found = {}, .why = error.what()});
  }
}

DatagramSender::~DatagramSender() {
  if (!resolver_.joinable()) return;
  std::unique_lock lock(shared_->mutex);
  shared_->is_stopping = true;
  shared_->changed.notify_all();
  shared_->changed.wait_for(lock, kLongestLastWait,
                            [&] { return shared_->waiting.empty() || shared_->is_looked_up; });
  shared_->is_abandoned = shared_->is_looking_up;
  const bool is_abandoned = shared_->is_abandoned;
  lock.unlock();
  if (is_abandoned) {
    resolver_.detach();
  } else {
    resolver_.join();
  }
}

void DatagramSender::keep_looking_up(const std::shared_ptr<Shared>& shared, const Resolve& resolve) {
  std::unique_lock lock(shared->mutex);
  while (!shared->is_stopping || !shared->waiting.empty()) {
    shared->is_looking_up = true;
    lock.unlock();
    const LookUp result = resolve(shared->host, shared->port);
    lock.lock();
    if (shared->is_abandoned) return;
    shared->is_looking_up = false;
    shared->take(result);
    shared->deliver();
    shared->changed.notify_all();
    shared->changed.wait_for(lock, shared->target ? kBetweenLookUps : kAfterFailedLookUp,
                             [&] { return shared->is_stopping; });
  }
}

void DatagramSender::send(std::string datagram) noexcept {
  try {
    std::unique_lock lock(shared_->mutex);
    if (!shared_->is_looked_up) {
      if (shared_->waiting.size() < kMostWaiting) {
        shared_->waiting.push_back(std::move(datagram));
      } else {
        shared_->note_unsent(1, "its address is still being looked up");
      }
      return;
    }
    const std::shared_ptr<const Target> target = shared_->target;
    if (!target) {
      shared_->note_unsent(1, shared_->why);
      return;
    }
    lock.unlock();
    const int error = Shared::send_to(*target, datagram);
    if (error == 0) return;
    lock.lock();
    shared_->note_unsent(1, std::strerror(error));
  } catch (...) {
    // Of a metric nothing is worth more than what it measures.
    return;
  }
}

std::uint64_t DatagramSender::unsent() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->unsent;
}

}  // namespace ssync
