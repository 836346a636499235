#include "worker/status/serve_status.h"

#include <fmt/core.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <exception>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "common/config/errors.h"
#include "common/os/blocked_signals.h"
#include "common/os/log.h"
#include "worker/fastcgi/fastcgi_request.h"
#include "worker/http/status.h"
#include "worker/pool/status_sockets.h"
#include "worker/request/errors.h"
#include "worker/status/control_server.h"
#include "worker/status/history.h"
#include "worker/status/metrics_text.h"
#include "worker/status/pool_state.h"
#include "worker/status/replicator_watch.h"
#include "worker/status/status_json.h"
#include "worker/status/status_page.h"

namespace ssync {
namespace {

constexpr std::chrono::seconds kBetweenSamples{1};
// nginx takes an answer at once, and has sent the request whole.
constexpr double kClientTimeout = 10;

// Looks at the counters each second as long as it lives.
class Sampler {
 public:
  explicit Sampler(const Board& board) : board_(board), own_(::getpid()) {
    const BlockedSignals blocked;
    thread_ = std::thread([this] { run(); });
  }
  ~Sampler() {
    {
      const std::lock_guard lock(mutex_);
      ends_ = true;
    }
    ends_changed_.notify_one();
    thread_.join();
  }
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;

  template <typename Use>
  auto use(const Use& use_history) {
    const std::lock_guard lock(mutex_);
    return use_history(history_);
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (!ends_) {
      try {
        history_.add(History::Clock::now(), read_pool_state(board_, own_).flows());
      } catch (const std::exception& error) {
        log::error("cannot read what the pool does: {}", error.what());
      }
      ends_changed_.wait_for(lock, kBetweenSamples, [this] { return ends_; });
    }
  }

  const Board& board_;
  pid_t own_;
  std::mutex mutex_;
  std::condition_variable ends_changed_;
  bool ends_ = false;
  History history_;
  std::thread thread_;
};

struct Answer {
  int status = 200;
  std::string_view content_type = "application/json";
  std::string body = {};
};

class StatusServer {
 public:
  StatusServer(int listening_fd, const Configuration& configuration, BoardPlace& place,
               WorkerControl& control, const std::string& version)
      : place_(place),
        version_(version),
        replicator_(configuration.settings.replicators_recon_cache_path),
        sampler_(place.board()),
        request_(listening_fd, {.client_timeout = kClientTimeout,
                                .interrupted = [&control] { return control.stopping(); }}) {
    listen_for_commands(control_socket_of(path_of_socket(listening_fd)));
  }

  void serve_one() {
    if (!request_.accept_or_pause()) return;
    try {
      answer();
      request_.finish();
    } catch (const SessionEnding& ending) {
      log::error("status: {}", ending.what());
      request_.cut();
    } catch (const std::exception& error) {
      log::error("status: {}", error.what());
      request_.cut();
    }
  }

 private:
  // Without it the status is still told.
  void listen_for_commands(const std::string& path) {
    if (path.empty()) return;
    try {
      control_.emplace(
          path, place_.board(),
          ControlActions{.status = [this] { return status(); },
                         .end_worker = [](pid_t worker) { return ::kill(worker, SIGTERM) == 0; }});
    } catch (const ConfigError& error) {
      log::warning("no commands of ssyncctl are taken: {}", error.what());
    }
  }

  // Of any thread.
  PoolState present_state() {
    ReplicatorState replicator = replicator_.look();
    PoolState state = read_pool_state(place_.board(), ::getpid());
    state.replicator = std::move(replicator);
    return state;
  }

  std::string status() {
    const PoolState state = present_state();
    return sampler_.use([&](const History& history) { return status_json(state, history, version_); });
  }

  void answer() {
    const std::string method = request_.param("REQUEST_METHOD").value_or("");
    std::string path = request_.param("REQUEST_URI").value_or("");
    path.resize(std::min(path.find('?'), path.size()));
    const Answer found = method == "GET" || method == "HEAD" ? answer_to(path) : Answer{.status = 405};
    request_.write(
        fmt::format("Status: {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n"
                    "Content-Security-Policy: {}\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: "
                    "no-referrer\r\n\r\n",
                    found.status, status_title(found.status), found.content_type, found.body.size(),
                    status_page_policy()));
    if (method != "HEAD") request_.write(found.body);
  }

  Answer answer_to(std::string_view path) {
    if (path == "/ssync/") {
      return {.content_type = "text/html; charset=utf-8", .body = std::string(status_page())};
    }
    if (path == "/ssync/history.json") {
      return {.body = sampler_.use([](const History& history) { return history_json(history); })};
    }
    if (path == "/metrics") {
      return {.content_type = kMetricsType, .body = metrics_text(present_state(), version_)};
    }
    if (path != "/ssync/status.json") return {.status = 404};
    return {.body = status()};
  }

  BoardPlace& place_;
  std::string version_;
  ReplicatorWatch replicator_;
  Sampler sampler_;
  FastCgiRequest request_;
  std::optional<ControlServer> control_;
};

}  // namespace

WorkerMain status_main(const std::string& version) {
  return [version](const Configuration& configuration, int listening_fd, BoardPlace& place,
                   WorkerControl& control) {
    // As ps and top call it.
    ::prctl(PR_SET_NAME, "ssync-status");
    StatusServer server(listening_fd, configuration, place, control, version);
    place.set_phase(Phase::idle);
    serve_until_told(control, listening_fd, [&] { server.serve_one(); });
    return 0;
  };
}

}  // namespace ssync
