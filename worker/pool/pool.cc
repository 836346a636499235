#include "worker/pool/pool.h"

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>
#include <initializer_list>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "common/config/errors.h"
#include "common/config/log_setup.h"
#include "common/config/option_table.h"
#include "common/config/privileges.h"
#include "common/os/blocked_signals.h"
#include "common/os/log.h"
#include "common/os/log_context.h"
#include "common/os/process_priority.h"
#include "worker/pool/backoff.h"
#include "worker/pool/board.h"
#include "worker/pool/listening_socket.h"
#include "worker/pool/pid_file.h"
#include "worker/pool/signal_handler.h"
#include "worker/pool/status_sockets.h"
#include "worker/pool/successor.h"
#include "worker/pool/watchdog.h"
#include "worker/pool/worker_process.h"

namespace ssync {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

// How long a worker may take to abort its session: more than the 10 s that it may wait for a partition's
// lock.
constexpr seconds kStopTime{15};
// How long a killed worker may take to end.
constexpr seconds kKillTime{3};
// A worker may check its flag just before SIGTERM sets it and then block, so the signal is sent again.
constexpr seconds kRepeatStop{1};

constexpr std::initializer_list<int> kMasterSignals = {SIGHUP,  SIGTERM, SIGINT, SIGQUIT,
                                                       SIGUSR1, SIGUSR2, SIGCHLD};

std::string death_text(int status) {
  if (WIFSIGNALED(status)) {
    return "was killed by signal " + std::to_string(WTERMSIG(status)) + " (" + strsignal(WTERMSIG(status)) +
           ")";
  }
  return "exited with status " + std::to_string(WEXITSTATUS(status));
}

// Workers, and as many that finish their sessions after a reload.
constexpr int kPlaces = 2 * kMaxWorkers;

// How long after its last start the status process is started again at the earliest.
constexpr seconds kBetweenStatusStarts{1};
constexpr seconds kStatusStopTime{2};
constexpr std::chrono::milliseconds kBetweenStopLooks{2};

Room room_of(const PoolSettings& settings) {
  return {.workers = settings.workers, .slots = settings.replication_concurrency};
}

DeviceLimits limits_of(const PoolSettings& settings) {
  return {.bytes_per_second = settings.bandwidth_per_device,
          .objects_per_second = settings.objects_per_device,
          .idle_share = settings.idle_share};
}

class Master {
 public:
  Master(std::string config_path, Configuration configuration, const WorkerMain& worker_main,
         const WorkerMain& status_main)
      : config_path_(std::move(config_path)),
        configuration_(std::move(configuration)),
        worker_main_(worker_main),
        status_main_(status_main),
        program_(own_program()),
        inheritance_(take_inheritance()),
        socket_(configuration_.settings.pool, inheritance_),
        pid_file_(configuration_.settings.pool.pid_file),
        board_(kPlaces, room_of(configuration_.settings.pool)) {
    board_.throttles().set_default(limits_of(configuration_.settings.pool));
    open_status_socket();
  }

  void run() {
    // With the privileges that they may take, and for all that is forked.
    const std::vector<std::string> problems = set_process_priority(configuration_.settings.pool.priority);
    drop_privileges(configuration_.settings.pool.user, "object-server");
    // After dropping privileges, so that a log file that a reload could not reopen is refused now.
    setup_logging(configuration_.settings.log);
    for (const std::string& problem : problems) log::warning("{}", problem);
    log_what_has_no_effect();
    // With the rights that workers have when they read its file again.
    board_.backend_ratelimit().configure(configuration_.settings.middleware.backend_ratelimit);
    adopt_workers();
    board_.ledger().note_start(std::time(nullptr));
    start_missing_workers();
    if (!no_status_because_.empty()) log::warning("no status process: {}", no_status_because_);
    start_status_process();
    signal_leaving_workers();
    log::info("started: {} workers on {}", serving_workers(),
              socket_.inherited() ? "the inherited socket" : configuration_.settings.pool.socket);
    sd_notify(0, "READY=1");
    while (state_ == State::running || !workers_.empty()) {
      watchdog_.give_sign();
      take_signal();
      if (state_ == State::running && Clock::now() >= backoff_.next_start()) start_missing_workers();
      tell_next_start();
      if (state_ != State::stopping && Clock::now() >= next_status_start_) start_status_process();
      if (state_ == State::stopping) press_stop();
    }
    end_status_process();
    log::info("stopped");
  }

 private:
  enum class State { running, draining, stopping };
  enum class Role { serving, leaving };  // leaving: told to accept no more requests

  struct Worker {
    pid_t pid;
    int place;  // on the board
    Role role;
  };

  void log_what_has_no_effect() const {
    const std::vector<std::string>& options = configuration_.settings.without_effect;
    if (!options.empty()) log::info("options without effect: {}", fmt::join(options, "; "));
  }

  // Nobody has asked for the one beside the pool's socket: where it cannot be, the pool serves without.
  void open_status_socket() {
    const PoolSettings& settings = configuration_.settings.pool;
    const std::string path = status_socket_of(settings, path_of_socket(socket_.fd()));
    if (!status_main_ || path.empty()) return;
    try {
      status_socket_ = std::make_unique<ListeningSocket>(path, settings);
    } catch (const ConfigError& error) {
      if (!settings.status_socket.empty()) throw;
      no_status_because_ = error.what();
    }
  }

  // A process with a place on the board. nullopt if there can be none, with errno set, or 0 if there is no
  // place.
  [[nodiscard]] std::optional<Worker> fork_process(int listening_fd, const WorkerMain& main, Role role) {
    const int place = board_.use();
    if (place < 0) {
      errno = 0;
      return std::nullopt;
    }
    const pid_t master = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) {
      const int error = errno;
      board_.free(place);
      errno = error;
      return std::nullopt;
    }
    if (pid == 0) run_worker(master, configuration_, listening_fd, BoardPlace(board_, place), main);
    board_.set_pid(place, pid);
    return Worker{pid, place, role};
  }

  void start_status_process() {
    if (!status_socket_ || status_process_) return;
    next_status_start_ = Clock::now() + kBetweenStatusStarts;
    status_process_ = fork_process(status_socket_->fd(), status_main_, Role::leaving);
    if (!status_process_ && errno != 0) {
      log::error("cannot start the status process: {}", std::strerror(errno));
    }
  }

  // It has nothing to finish: it ends at once, and removes what it listened on. Only a thread of it waits for
  // a disk, that of recon_cache_path; if that one hangs the process cannot end, and is left behind.
  void end_status_process() {
    if (!status_process_) return;
    const pid_t pid = status_process_->pid;
    ::kill(pid, SIGTERM);
    const auto until = Clock::now() + kStatusStopTime;
    while (::waitpid(pid, nullptr, WNOHANG) == 0) {
      if (Clock::now() > until) ::kill(pid, SIGKILL);
      if (Clock::now() > until + kKillTime) {
        log::error(
            "the status process {} does not even end when killed, so the disk of recon_cache_path does not "
            "answer; left behind",
            pid);
        break;
      }
      std::this_thread::sleep_for(kBetweenStopLooks);
    }
    board_.free(status_process_->place);
    status_process_.reset();
    next_status_start_ = Clock::now();
  }

  // True if this was it.
  bool bury_status_process(pid_t pid, int status) {
    if (!status_process_ || status_process_->pid != pid) return false;
    board_.free(status_process_->place);
    status_process_.reset();
    if (state_ == State::running) log::error("the status process {} {}", pid, death_text(status));
    return true;
  }

  void signal_workers(int signal) const {
    for (const Worker& worker : workers_) ::kill(worker.pid, signal);
  }

  [[nodiscard]] bool start_worker() {
    const std::optional<Worker> worker = fork_process(socket_.fd(), worker_main_, Role::serving);
    if (worker) {
      workers_.push_back(*worker);
      return true;
    }
    if (errno == 0) {
      log::error("cannot start a worker: {} still finish their sessions after reloads", workers_.size());
    } else {
      log::error("cannot start a worker: {}", std::strerror(errno));
    }
    backoff_.note_failed_start(Backoff::Cause::fork);
    return false;
  }

  void start_missing_workers() {
    for (auto missing = configuration_.settings.pool.workers - serving_workers();
         missing > 0 && start_worker(); --missing) {
    }
  }

  // On the status page: why there are fewer workers than there should be.
  void tell_next_start() {
    const bool waits = state_ == State::running && serving_workers() < configuration_.settings.pool.workers;
    const Clock::time_point next = waits ? backoff_.next_start() : Clock::time_point();
    if (next == told_next_start_) return;
    board_.ledger().note_next_start(next);
    told_next_start_ = next;
  }

  [[nodiscard]] std::ptrdiff_t serving_workers() const {
    return std::ranges::count(workers_, Role::serving, &Worker::role);
  }

  // Those of the program that ran before in this process. Their board is gone, and they need no other.
  void adopt_workers() {
    for (const pid_t pid : inheritance_.workers) {
      const int place = board_.use();
      if (place < 0) break;  // Never: it had no more places either.
      board_.set_pid(place, pid);
      board_.set_leaving(place);
      workers_.push_back({pid, place, Role::leaving});
    }
  }

  // nullopt without a pending timeout: then only a signal can change anything.
  [[nodiscard]] std::optional<Clock::time_point> next_deadline() const {
    std::optional<Clock::time_point> deadline = watchdog_.next();
    const auto include = [&](Clock::time_point other) {
      deadline = std::min(deadline.value_or(other), other);
    };
    if (state_ == State::stopping) include(std::min(kill_at_, repeat_at_));
    if (state_ == State::running && serving_workers() < configuration_.settings.pool.workers) {
      include(backoff_.next_start());
    }
    if (state_ != State::stopping && status_socket_ && !status_process_) include(next_status_start_);
    return deadline;
  }

  void take_signal() {
    const sigset_t set = signal_set(kMasterSignals);
    timespec timeout{};
    const auto deadline = next_deadline();
    if (deadline) {
      const auto left = std::max(*deadline - Clock::now(), Clock::duration::zero());
      timeout.tv_sec = std::chrono::duration_cast<seconds>(left).count();
      timeout.tv_nsec = (left % seconds(1)).count();
    }
    switch (deadline ? ::sigtimedwait(&set, nullptr, &timeout) : ::sigwaitinfo(&set, nullptr)) {
      case SIGCHLD:
        reap();
        break;
      case SIGHUP:
        reload();
        break;
      case SIGTERM:
      case SIGINT:
        stop();
        break;
      case SIGQUIT:
        drain();
        break;
      case SIGUSR1:
        reopen_log();
        break;
      case SIGUSR2:
        replace_program();
        break;
      default:
        break;
    }
  }

  void reap() {
    int status = 0;
    for (pid_t pid = ::waitpid(-1, &status, WNOHANG); pid > 0; pid = ::waitpid(-1, &status, WNOHANG)) {
      if (bury_status_process(pid, status)) continue;
      const auto worker = std::ranges::find(workers_, pid, &Worker::pid);
      if (worker == workers_.end()) continue;
      bury(*worker, status);
      workers_.erase(worker);
    }
  }

  void bury(const Worker& worker, int status) {
    const BoardView last = board_.free(worker.place);
    const log::Context context(log_fields(last));
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
      log::info("worker {} {}", worker.pid, death_text(status));
    } else {
      log::error("worker {} {}; it served {}", worker.pid, death_text(status), board_text(last));
      note_death(worker.pid, status, last);
    }
    if (worker.role == Role::leaving) return;
    if (last.phase != Phase::starting) {
      backoff_.note_death_while_serving();
    } else {
      const bool is_config_error = WIFEXITED(status) && WEXITSTATUS(status) == kStatusConfigError;
      backoff_.note_failed_start(is_config_error ? Backoff::Cause::config_error : Backoff::Cause::crash);
    }
  }

  void note_death(pid_t pid, int status, const BoardView& last) const {
    board_.ledger().note_death();
    board_.ledger().note_failure({.time = std::time(nullptr),
                                  .device = last.request.device,
                                  .partition = last.request.partition,
                                  .remote_addr = last.request.remote_addr,
                                  .reason = fmt::format("worker {} {}", pid, death_text(status))});
  }

  static void notify_reloading() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
               static_cast<long long>(now.tv_sec) * 1000000 + now.tv_nsec / 1000);
  }

  void reload() {
    if (state_ != State::running) return;
    notify_reloading();
    try {
      Configuration configuration = load_configuration(config_path_);
      setup_logging(configuration.settings.log);
      keep_what_needs_a_restart(configuration.settings);
      configuration_ = std::move(configuration);
      for (const std::string& problem : set_process_priority(configuration_.settings.pool.priority)) {
        log::warning("{}", problem);
      }
      replace_workers();
      end_status_process();
      start_status_process();
      board_.ledger().note_reload();
      log::info("reloaded {}: {} workers", config_path_, configuration_.settings.pool.workers);
    } catch (const ConfigError& error) {
      log::error("reload failed, keeping the old configuration: {}", error.what());
    }
    sd_notify(0, "READY=1");
  }

  void keep_what_needs_a_restart(Settings& settings) const {
    const std::vector<std::string> kept = keep_until_restart(configuration_.settings, settings);
    if (kept.empty()) return;
    log::warning("{}: changing {} requires a restart", config_path_, fmt::join(kept, ", "));
  }

  void replace_workers() {
    board_.set_room(room_of(configuration_.settings.pool));
    board_.throttles().set_default(limits_of(configuration_.settings.pool));
    board_.backend_ratelimit().configure(configuration_.settings.middleware.backend_ratelimit);
    for (Worker& worker : workers_) {
      worker.role = Role::leaving;
      board_.set_leaving(worker.place);
    }
    start_missing_workers();
    signal_leaving_workers();
  }

  void signal_leaving_workers() const {
    for (const Worker& worker : workers_) {
      if (worker.role == Role::leaving) ::kill(worker.pid, SIGQUIT);
    }
  }

  void replace_program() {
    if (state_ != State::running) return;
    if (!accepts_configuration(program_, config_path_)) {
      log::error("the program is not replaced: {} --config {} --check fails", program_, config_path_);
      return;
    }
    log::info("replacing the program by {}", program_);
    notify_reloading();
    Inheritance heir{.socket = socket_.fd(), .socket_path = socket_.path(), .workers = {}};
    for (const Worker& worker : workers_) heir.workers.push_back(worker.pid);
    log::flush();
    // The next program makes its own.
    end_status_process();
    status_socket_.reset();
    execute_successor(program_, config_path_, heir);
    open_status_socket();
    log::error("the program is not replaced: {}: {}", program_, std::strerror(errno));
    sd_notify(0, "READY=1");
  }

  void stop() {
    if (state_ == State::stopping) return;
    log::info("stopping");
    sd_notify(0, "STOPPING=1");
    state_ = State::stopping;
    kill_at_ = Clock::now() + kStopTime;
    repeat_at_ = Clock::now();
  }

  void press_stop() {
    const Clock::time_point now = Clock::now();
    if (now >= kill_at_ && killed_) {
      abandon_workers();
    } else if (now >= kill_at_) {
      log::error("{} workers did not stop within {} s; killing them", workers_.size(), kStopTime.count());
      signal_workers(SIGKILL);
      killed_ = true;
      kill_at_ = repeat_at_ = now + kKillTime;
    } else if (now >= repeat_at_) {
      signal_workers(SIGTERM);
      repeat_at_ = now + kRepeatStop;
    }
  }

  // A process in a system call of a disk that hangs ends when the disk answers, and not before.
  void abandon_workers() {
    for (const Worker& worker : workers_) {
      const BoardView view = board_.view(worker.place);
      const log::Context context(log_fields(view));
      log::error(
          "worker {} does not even end when killed, so its disk does not answer; left behind while it served "
          "{}",
          worker.pid, board_text(view));
    }
    workers_.clear();
  }

  void drain() {
    if (state_ != State::running) return;
    log::info("draining");
    sd_notify(0, "STOPPING=1");
    state_ = State::draining;
    // New connections are refused immediately, instead of waiting without being accepted until the last
    // session ends.
    socket_.remove_path();
    signal_workers(SIGQUIT);
  }

  void reopen_log() const {
    try {
      setup_logging(configuration_.settings.log);
    } catch (const ConfigError& error) {
      log::error("cannot reopen the log: {}", error.what());
    }
    signal_workers(SIGUSR1);
    if (status_process_) ::kill(status_process_->pid, SIGUSR1);
  }

  std::string config_path_;
  Configuration configuration_;
  const WorkerMain& worker_main_;
  const WorkerMain& status_main_;
  std::string program_;
  Inheritance inheritance_;
  ListeningSocket socket_;
  PidFile pid_file_;
  Board board_;
  std::vector<Worker> workers_;
  std::unique_ptr<ListeningSocket> status_socket_;  // null: no status process
  std::string no_status_because_;
  std::optional<Worker> status_process_;
  Clock::time_point next_status_start_;
  Backoff backoff_;
  Clock::time_point told_next_start_;
  Watchdog watchdog_;
  State state_ = State::running;
  bool killed_ = false;
  Clock::time_point kill_at_;
  Clock::time_point repeat_at_;
};

}  // namespace

int run_pool(const std::string& config_path, Configuration configuration, const WorkerMain& worker_main,
             const WorkerMain& status_main) {
  const BlockedSignals blocked(kMasterSignals);
  // If an ignored SIGCHLD was inherited, the kernel would reap the workers.
  handle_signal(SIGCHLD, SIG_DFL);
  handle_signal(SIGPIPE, SIG_IGN);
  Master(config_path, std::move(configuration), worker_main, status_main).run();
  return 0;
}

}  // namespace ssync
