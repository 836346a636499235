#include "worker/pool.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>
#include <exception>
#include <fstream>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "common/errors.h"
#include "common/logging.h"
#include "worker/listening_socket.h"

namespace ssync {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A worker that lived less was no success, and the next one waits.
constexpr seconds short_life{1};
constexpr milliseconds first_delay{100};
constexpr milliseconds first_delay_after_config_error{1000};
constexpr milliseconds max_delay{30000};
// Deaths further apart than this have nothing to do with each other.
constexpr seconds forget_deaths_after{60};
// How long a worker may take over the early end of its session: more than the 10 s that it may wait for a
// partition's lock.
constexpr seconds stop_time{15};
// A worker may look at its flag just before SIGTERM sets it and block just after, so it is sent again.
constexpr seconds repeat_stop{1};

constexpr int status_config_error = 2;

constexpr std::initializer_list<int> master_signals = {SIGHUP, SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGCHLD};

sigset_t signal_set(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) {
    sigaddset(&set, signal);
  }
  return set;
}

// Blocks signals for a scope.
class BlockedSignals {
 public:
  explicit BlockedSignals(std::initializer_list<int> signals) {
    const sigset_t set = signal_set(signals);
    sigprocmask(SIG_BLOCK, &set, &before_);
  }
  ~BlockedSignals() { sigprocmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_{};
};

void handle(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  sigaction(signal, &action, nullptr);
}

volatile std::sig_atomic_t stop_asked = 0;
volatile std::sig_atomic_t drain_asked = 0;
volatile std::sig_atomic_t reopen_asked = 0;

class SignalledControl : public WorkerControl {
 public:
  explicit SignalledControl(const Settings& settings) : settings_(settings) {}

  [[nodiscard]] bool draining() const override { return drain_asked != 0; }
  [[nodiscard]] bool stopping() const override { return stop_asked != 0; }

  void wait_for_request(int listening_fd) override {
    // Blocked but for the wait itself, a signal cannot come between the test and the wait.
    const BlockedSignals blocked({SIGTERM, SIGINT, SIGQUIT, SIGUSR1});
    const sigset_t none = signal_set({});
    pollfd listening{.fd = listening_fd, .events = POLLIN, .revents = 0};
    while (true) {
      take_pending_signals(none);
      if (reopen_asked != 0) {
        reopen_asked = 0;
        reopen_log();
      }
      if (draining() || stopping()) {
        return;
      }
      const int ready = ppoll(&listening, 1, nullptr, &none);
      if (ready > 0) {
        return;
      }
      if (ready < 0 && errno != EINTR) {
        throw_os_error("listening socket");
      }
    }
  }

 private:
  // ppoll() delivers nothing when the descriptor is ready at once: without this a worker of a busy
  // pool would never see SIGQUIT.
  static void take_pending_signals(const sigset_t& none) {
    sigset_t before;
    sigprocmask(SIG_SETMASK, &none, &before);
    sigprocmask(SIG_SETMASK, &before, nullptr);
  }

  void reopen_log() const {
    try {
      setup_logging(settings_);
    } catch (const ConfigError& error) {
      spdlog::error("the log cannot be reopened: {}", error.what());
    }
  }

  const Settings& settings_;
};

// Prepares a process just forked, with the master's signals still blocked.
void become_worker(pid_t master) {
  // Real handlers, as libfcgi replaces SIG_DFL and SIG_IGN of SIGTERM, SIGUSR1 and SIGPIPE with its own.
  handle(SIGTERM, [](int) { stop_asked = 1; });
  handle(SIGINT, [](int) { stop_asked = 1; });
  handle(SIGQUIT, [](int) { drain_asked = 1; });
  handle(SIGUSR1, [](int) { reopen_asked = 1; });
  handle(SIGPIPE, [](int) {});
  handle(SIGHUP, SIG_IGN);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != master) {
    stop_asked = 1;  // The master died before prctl().
  }
  const sigset_t blocked = signal_set({SIGHUP, SIGQUIT, SIGUSR1});
  sigprocmask(SIG_SETMASK, &blocked, nullptr);
}

int worker_status(const Configuration& configuration, int listening_fd, ReplicationSlots& slots,
                  const WorkerMain& worker_main) {
  try {
    SignalledControl control(configuration.settings);
    return worker_main(configuration, listening_fd, slots, control);
  } catch (const ConfigError& error) {
    spdlog::critical("{}", error.what());
    return status_config_error;
  } catch (const std::exception& error) {
    spdlog::critical("worker ends: {}", error.what());
    return 1;
  }
}

[[noreturn]] void refuse_user(const std::string& user, const std::string& problem) {
  throw ConfigError("[object-server] user = " + user + ": " + problem);
}

// swift.common.utils.drop_privileges, but only as root and for a user that was asked for.
void drop_privileges(const std::string& user) {
  if (user.empty() || geteuid() != 0) {
    return;
  }
  const passwd* entry = getpwnam(user.c_str());
  if (entry == nullptr) {
    refuse_user(user, "unknown user; give an existing one, or remove the option to stay root");
  }
  if (entry->pw_uid != 0 && (initgroups(user.c_str(), entry->pw_gid) < 0 || setgid(entry->pw_gid) < 0 ||
                             setuid(entry->pw_uid) < 0)) {
    refuse_user(user, std::string("cannot become that user: ") + std::strerror(errno) +
                          "; start with CAP_SETUID and CAP_SETGID");
  }
}

class PidFile {
 public:
  explicit PidFile(std::string path) : path_(std::move(path)) {
    if (path_.empty()) {
      return;
    }
    std::ofstream file(path_, std::ios::trunc);
    file << getpid() << '\n' << std::flush;
    if (!file) {
      throw ConfigError("[worker] pid_file = " + path_ + ": cannot be written: " + std::strerror(errno) +
                        "; make its directory, or give another path");
    }
  }
  ~PidFile() {
    pid_t pid = 0;
    if (!path_.empty() && std::ifstream(path_) >> pid && pid == getpid() && unlink(path_.c_str()) < 0) {
      spdlog::warn("{}: the pid file cannot be removed: {}", path_, std::strerror(errno));
    }
  }
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;

 private:
  std::string path_;
};

std::string death_text(int status) {
  if (WIFSIGNALED(status)) {
    return "was killed by signal " + std::to_string(WTERMSIG(status)) + " (" + strsignal(WTERMSIG(status)) +
           ")";
  }
  return "exited with status " + std::to_string(WEXITSTATUS(status));
}

// When to start a worker after one died.
class Backoff {
 public:
  [[nodiscard]] Clock::time_point next_start() const { return next_start_; }

  void note_death(Clock::duration lifetime, bool config_error) {
    const Clock::time_point now = Clock::now();
    if (lifetime >= short_life || now < next_start_) {
      return;  // Workers that die together count once.
    }
    if (now - last_death_ > forget_deaths_after) {
      delay_ = {};
    }
    delay_ = std::clamp(delay_ * 2, config_error ? first_delay_after_config_error : first_delay, max_delay);
    last_death_ = now;
    next_start_ = now + delay_;
  }
  void note_failed_fork() { note_death({}, true); }

 private:
  milliseconds delay_{};
  Clock::time_point last_death_;
  Clock::time_point next_start_;
};

class Master {
 public:
  Master(std::string config_path, Configuration configuration, const WorkerMain& worker_main)
      : config_path_(std::move(config_path)),
        configuration_(std::move(configuration)),
        worker_main_(worker_main),
        socket_(configuration_.settings.pool),
        pid_file_(configuration_.settings.pool.pid_file),
        slots_(configuration_.settings.object_server.replication_concurrency) {}

  void run() {
    drop_privileges(configuration_.settings.object_server.user);
    // As that user, so that a log which a reload could not open again is refused now.
    setup_logging(configuration_.settings);
    start_missing_workers();
    spdlog::info("started: {} workers on {}", workers_.size(),
                 socket_.inherited() ? "the inherited socket" : configuration_.settings.pool.socket);
    sd_notify(0, "READY=1");
    while (phase_ == Phase::running || !workers_.empty()) {
      take_signal();
      if (phase_ == Phase::running && Clock::now() >= backoff_.next_start()) {
        start_missing_workers();
      }
      if (phase_ == Phase::stopping) {
        press_stop();
      }
    }
    spdlog::info("stopped");
  }

 private:
  enum class Phase { running, draining, stopping };
  enum class Role { serving, leaving };  // leaving: told to take no new request

  struct Worker {
    pid_t pid;
    Clock::time_point started;
    Role role;
  };

  void signal_workers(int signal) const {
    for (const Worker& worker : workers_) {
      kill(worker.pid, signal);
    }
  }

  [[nodiscard]] bool start_worker() {
    const pid_t master = getpid();
    const pid_t pid = fork();
    if (pid < 0) {
      spdlog::error("no worker can be started: {}", std::strerror(errno));
      backoff_.note_failed_fork();
      return false;
    }
    if (pid == 0) {
      become_worker(master);
      const int status = worker_status(configuration_, socket_.fd(), slots_, worker_main_);
      spdlog::default_logger_raw()->flush();
      _exit(status);  // The socket's path and the pid file are the master's to remove.
    }
    workers_.push_back({pid, Clock::now(), Role::serving});
    return true;
  }

  void start_missing_workers() {
    const auto serving = std::ranges::count(workers_, Role::serving, &Worker::role);
    for (auto missing = configuration_.settings.pool.workers - serving; missing > 0 && start_worker();
         --missing) {
    }
  }

  // Nothing when no time-out is due: then only a signal can change anything.
  [[nodiscard]] std::optional<Clock::time_point> next_deadline() const {
    if (phase_ == Phase::stopping) {
      return std::min(kill_at_, repeat_at_);
    }
    const auto serving = std::ranges::count(workers_, Role::serving, &Worker::role);
    return phase_ == Phase::running && serving < configuration_.settings.pool.workers
               ? std::optional(backoff_.next_start())
               : std::nullopt;
  }

  void take_signal() {
    const sigset_t set = signal_set(master_signals);
    timespec timeout{};
    const auto deadline = next_deadline();
    if (deadline) {
      const auto left = std::max(*deadline - Clock::now(), Clock::duration::zero());
      timeout.tv_sec = std::chrono::duration_cast<seconds>(left).count();
      timeout.tv_nsec = (left % seconds(1)).count();
    }
    switch (deadline ? sigtimedwait(&set, nullptr, &timeout) : sigwaitinfo(&set, nullptr)) {
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
      default:
        break;
    }
  }

  void reap() {
    int status = 0;
    for (pid_t pid = waitpid(-1, &status, WNOHANG); pid > 0; pid = waitpid(-1, &status, WNOHANG)) {
      const auto worker = std::ranges::find(workers_, pid, &Worker::pid);
      if (worker == workers_.end()) {
        continue;
      }
      const bool clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;
      spdlog::log(clean ? spdlog::level::info : spdlog::level::err, "worker {} {}", pid, death_text(status));
      if (worker->role == Role::serving) {
        backoff_.note_death(Clock::now() - worker->started,
                            WIFEXITED(status) && WEXITSTATUS(status) == status_config_error);
      }
      workers_.erase(worker);
    }
  }

  void reload() {
    if (phase_ != Phase::running) {
      return;
    }
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
               static_cast<long long>(now.tv_sec) * 1000000 + now.tv_nsec / 1000);
    try {
      Configuration configuration = load_configuration(config_path_);
      setup_logging(configuration.settings);
      keep_what_needs_a_restart(configuration.settings);
      configuration_ = std::move(configuration);
      replace_workers();
      spdlog::info("reloaded {}: {} workers", config_path_, configuration_.settings.pool.workers);
    } catch (const ConfigError& error) {
      spdlog::error("not reloaded, the old configuration stays: {}", error.what());
    }
    sd_notify(0, "READY=1");
  }

  void keep_what_needs_a_restart(Settings& settings) const {
    const PoolSettings& old = configuration_.settings.pool;
    PoolSettings& pool = settings.pool;
    if (pool.socket != old.socket || pool.socket_mode != old.socket_mode ||
        pool.socket_owner != old.socket_owner || pool.socket_group != old.socket_group ||
        pool.backlog != old.backlog || pool.pid_file != old.pid_file ||
        settings.object_server.user != configuration_.settings.object_server.user) {
      spdlog::warn("{}: a change of socket, socket_*, backlog, pid_file or user needs a restart",
                   config_path_);
    }
    pool.socket = old.socket;
    pool.socket_mode = old.socket_mode;
    pool.socket_owner = old.socket_owner;
    pool.socket_group = old.socket_group;
    pool.backlog = old.backlog;
    pool.pid_file = old.pid_file;
    settings.object_server.user = configuration_.settings.object_server.user;
  }

  void replace_workers() {
    slots_.set_count(configuration_.settings.object_server.replication_concurrency);
    for (Worker& worker : workers_) {
      worker.role = Role::leaving;
    }
    start_missing_workers();
    for (const Worker& worker : workers_) {
      if (worker.role == Role::leaving) {
        kill(worker.pid, SIGQUIT);
      }
    }
  }

  void stop() {
    if (phase_ == Phase::stopping) {
      return;
    }
    spdlog::info("stopping");
    sd_notify(0, "STOPPING=1");
    phase_ = Phase::stopping;
    kill_at_ = Clock::now() + stop_time;
    repeat_at_ = Clock::now();
  }

  void press_stop() {
    const Clock::time_point now = Clock::now();
    if (now >= kill_at_) {
      spdlog::error("{} workers did not stop in {} s and are killed", workers_.size(), stop_time.count());
      signal_workers(SIGKILL);
      kill_at_ = repeat_at_ = now + stop_time;
    } else if (now >= repeat_at_) {
      signal_workers(SIGTERM);
      repeat_at_ = now + repeat_stop;
    }
  }

  void drain() {
    if (phase_ != Phase::running) {
      return;
    }
    spdlog::info("draining");
    sd_notify(0, "STOPPING=1");
    phase_ = Phase::draining;
    // Connections that nobody will accept are better refused than left waiting for the last session.
    socket_.remove_path();
    signal_workers(SIGQUIT);
  }

  void reopen_log() const {
    try {
      setup_logging(configuration_.settings);
    } catch (const ConfigError& error) {
      spdlog::error("the log cannot be reopened: {}", error.what());
    }
    signal_workers(SIGUSR1);
  }

  std::string config_path_;
  Configuration configuration_;
  const WorkerMain& worker_main_;
  ListeningSocket socket_;
  PidFile pid_file_;
  ReplicationSlots slots_;
  std::vector<Worker> workers_;
  Backoff backoff_;
  Phase phase_ = Phase::running;
  Clock::time_point kill_at_;
  Clock::time_point repeat_at_;
};

}  // namespace

int run_pool(const std::string& config_path, Configuration configuration, const WorkerMain& worker_main) {
  const BlockedSignals blocked(master_signals);
  // Where SIGCHLD is ignored, which is inherited, the kernel reaps the workers itself.
  handle(SIGCHLD, SIG_DFL);
  handle(SIGPIPE, SIG_IGN);
  Master(config_path, std::move(configuration), worker_main).run();
  return 0;
}

}  // namespace ssync
