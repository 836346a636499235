#include "worker/status/control_server.h"

#include <fmt/core.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "common/os/blocked_signals.h"
#include "common/os/errors.h"
#include "common/os/log.h"
#include "common/os/log_context.h"
#include "worker/status/pool_state.h"

namespace ssync {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestCommand = 4096;
constexpr std::size_t kLongestDevice = 255;
constexpr int kClientSeconds = 5;
// Milliseconds.
constexpr int kBetweenLooks = 200;

// A mistake of who gives the command.
struct WrongCommand : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::string device_in(const json& command) {
  const auto found = command.find("device");
  if (found == command.end() || !found->is_string()) {
    throw WrongCommand("\"device\" has to be the name of one");
  }
  auto device = found->get<std::string>();
  if (device.empty() || device.size() > kLongestDevice || device.find('/') != std::string::npos) {
    throw WrongCommand("\"" + device + "\" is no name of a device");
  }
  return device;
}

std::int64_t whole_number_in(const json& command, const char* name, std::int64_t otherwise) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  const auto found = command.find(name);
  if (found == command.end()) return otherwise;
  // As the parser calls whole numbers without a sign.
  if (!found->is_number_unsigned() || found->get<std::uint64_t>() > kMost) {
    throw WrongCommand(fmt::format("\"{}\" has to be a whole number from 0 to {}", name, kMost));
  }
  return found->get<std::int64_t>();
}

void limit(const json& command, Throttles& throttles) {
  const std::string device = device_in(command);
  if (command.value("reset", false)) {
    throttles.set(device, std::nullopt);
    log::info("limits of {} by ssyncctl: those of the configuration again", device);
    return;
  }
  DeviceLimits limits = throttles.limits(device);
  limits.bytes_per_second = whole_number_in(command, "bytes_per_second", limits.bytes_per_second);
  limits.objects_per_second = whole_number_in(command, "objects_per_second", limits.objects_per_second);
  if (const auto share = command.find("idle_share"); share != command.end()) {
    if (!share->is_number() || !(share->get<double>() >= 0 && share->get<double>() <= kMostIdleShare)) {
      throw WrongCommand(fmt::format("\"idle_share\" has to be a number from 0 to {}", kMostIdleShare));
    }
    limits.idle_share = share->get<double>();
  }
  if (!throttles.set(device, limits)) {
    throw WrongCommand("there are too many devices with limits of their own");
  }
  log::info("limits of {} by ssyncctl: {} bytes/s, {} objects/s, {} of each second idle", device,
            limits.bytes_per_second, limits.objects_per_second, limits.idle_share);
}

// Of a device, or of all.
void drain(const json& command, Throttles& throttles, bool is_drained) {
  const std::string device = command.contains("device") ? device_in(command) : "";
  if (!is_drained && !device.empty() && throttles.all_drained()) {
    throw WrongCommand("all devices are drained, and can only be resumed together: resume without a device");
  }
  if (!throttles.set_drained(device, is_drained)) {
    throw WrongCommand("there are too many devices with limits of their own");
  }
  log::info("{} {} by ssyncctl", device.empty() ? "all devices" : device, is_drained ? "drained" : "resumed");
}

void end_session(const json& command, const Board& board, const ControlActions& actions) {
  const std::int64_t worker = whole_number_in(command, "session", 0);
  const PoolState state = read_pool_state(board, ::getpid());
  for (const BoardView& view : state.workers) {
    if (view.pid != worker || !is_session(view)) continue;
    const log::Context context(log_fields(view));
    log::info("session {} ended by ssyncctl: {}", worker, board_text(view));
    if (!actions.end_worker(view.pid)) break;
    return;
  }
  throw WrongCommand(fmt::format("there is no session {}", worker));
}

void obey(const json& command, const Board& board, const ControlActions& actions) {
  const auto name = command.value("command", "");
  if (name == "limit") return limit(command, board.throttles());
  if (name == "drain") return drain(command, board.throttles(), true);
  if (name == "resume") return drain(command, board.throttles(), false);
  if (name == "end") return end_session(command, board, actions);
  throw WrongCommand("unknown command");
}

PoolSettings for_own_user_only() {
  PoolSettings settings;
  settings.socket_mode = 0600;
  return settings;
}

std::string text_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string answer_command(std::string_view command, const Board& board, const ControlActions& actions) {
  try {
    const json parsed = json::parse(command, nullptr, false);
    if (!parsed.is_object()) throw WrongCommand("a command is a JSON object on one line");
    if (parsed.value("command", "") == "status") return actions.status() + "\n";
    obey(parsed, board, actions);
    return text_of({{"ok", true}});
  } catch (const std::exception& error) {
    return text_of({{"ok", false}, {"error", error.what()}});
  }
}

ControlServer::ControlServer(const std::string& path, const Board& board, ControlActions actions)
    : board_(board), actions_(std::move(actions)), socket_(path, for_own_user_only()) {
  const BlockedSignals blocked;
  thread_ = std::thread([this] { run(); });
}

ControlServer::~ControlServer() {
  ends_ = true;
  thread_.join();
}

void ControlServer::run() {
  while (!ends_) {
    pollfd waiting{.fd = socket_.fd(), .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, kBetweenLooks) <= 0) continue;
    const Fd connection(::accept4(socket_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
    if (connection) serve(connection.get());
  }
}

void ControlServer::serve(int connection) {
  const timeval limit{.tv_sec = kClientSeconds, .tv_usec = 0};
  ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  ::setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
  std::string command;
  std::array<char, 1024> piece{};
  while (command.find('\n') == std::string::npos && command.size() < kLongestCommand) {
    const ssize_t size = ::recv(connection, piece.data(), piece.size(), 0);
    if (size <= 0) return;
    command.append(piece.data(), static_cast<std::size_t>(size));
  }
  command.resize(std::min(command.find('\n'), command.size()));
  const std::string answer = answer_command(command, board_, actions_);
  for (std::string_view rest = answer; !rest.empty();) {
    const ssize_t sent = ::send(connection, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
}

}  // namespace ssync
