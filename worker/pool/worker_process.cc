#include "worker/pool/worker_process.h"

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <exception>

#include "common/config/errors.h"
#include "common/config/log_setup.h"
#include "common/os/blocked_signals.h"
#include "common/os/errors.h"
#include "common/os/fd.h"
#include "common/os/log.h"
#include "worker/pool/signal_handler.h"

namespace ssync {
namespace {

// Milliseconds. A worker that is stopped in the debugger is woken in vain; then another one finds the
// connection.
constexpr int kLookAnyway = 1000;

volatile std::sig_atomic_t stop_asked = 0;
volatile std::sig_atomic_t drain_asked = 0;
volatile std::sig_atomic_t reopen_asked = 0;

class SignalledControl : public WorkerControl {
 public:
  explicit SignalledControl(const LogSettings& log) : log_(log) {}

  [[nodiscard]] bool draining() const override { return drain_asked != 0; }
  [[nodiscard]] bool stopping() const override { return stop_asked != 0; }

  void wait_for_request(int listening_fd) override {
    // Signals are only unblocked during the wait, so none can arrive between the test and the wait.
    const BlockedSignals blocked({SIGTERM, SIGINT, SIGQUIT, SIGUSR1});
    const sigset_t none = signal_set({});
    if (!epoll_) watch(listening_fd);
    while (true) {
      take_pending_signals(none);
      if (reopen_asked != 0) {
        reopen_asked = 0;
        reopen_log();
      }
      if (draining() || stopping()) return;
      epoll_event event{};
      const int ready = ::epoll_pwait(epoll_.get(), &event, 1, kLookAnyway, &none);
      if (ready > 0) return;
      if (ready < 0 && errno != EINTR) throw_os_error("listening socket");
    }
  }

 private:
  // One idle worker wakes for each connection. With poll(2) all of them would, most of them in vain.
  void watch(int listening_fd) {
    epoll_ = Fd(::epoll_create1(EPOLL_CLOEXEC));
    epoll_event event{.events = EPOLLIN | EPOLLEXCLUSIVE, .data = {}};
    if (!epoll_ || ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, listening_fd, &event) != 0) {
      throw_os_error("listening socket");
    }
  }

  // epoll_pwait() delivers no signals if the descriptor is already ready: without this, a worker of a busy
  // pool would never notice SIGQUIT.
  static void take_pending_signals(const sigset_t& none) {
    sigset_t before;
    ::pthread_sigmask(SIG_SETMASK, &none, &before);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  void reopen_log() const {
    try {
      setup_logging(log_);
    } catch (const ConfigError& error) {
      log::error("cannot reopen the log: {}", error.what());
    }
  }

  const LogSettings& log_;
  Fd epoll_;
};

// Prepares a newly forked process, with the master's signals still blocked.
void become_worker(pid_t master) {
  // Real handlers, because libfcgi replaces SIG_DFL and SIG_IGN of SIGTERM, SIGUSR1 and SIGPIPE with its own.
  handle_signal(SIGTERM, [](int) { stop_asked = 1; });
  handle_signal(SIGINT, [](int) { stop_asked = 1; });
  handle_signal(SIGQUIT, [](int) { drain_asked = 1; });
  handle_signal(SIGUSR1, [](int) { reopen_asked = 1; });
  handle_signal(SIGPIPE, [](int) {});
  handle_signal(SIGHUP, SIG_IGN);
  handle_signal(SIGUSR2, SIG_IGN);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != master) {
    stop_asked = 1;  // The master died before prctl().
  }
  const sigset_t blocked = signal_set({SIGHUP, SIGQUIT, SIGUSR1});
  ::pthread_sigmask(SIG_SETMASK, &blocked, nullptr);
}

int worker_status(const Configuration& configuration, int listening_fd, BoardPlace& place,
                  const WorkerMain& worker_main) {
  try {
    SignalledControl control(configuration.settings.log);
    return worker_main(configuration, listening_fd, place, control);
  } catch (const ConfigError& error) {
    log::critical("{}", error.what());
    return kStatusConfigError;
  } catch (const std::exception& error) {
    log::critical("worker failed: {}", error.what());
    return 1;
  }
}

}  // namespace

void run_worker(pid_t master, const Configuration& configuration, int listening_fd, BoardPlace place,
                const WorkerMain& worker_main) {
  become_worker(master);
  const int status = worker_status(configuration, listening_fd, place, worker_main);
  log::flush();
  ::_exit(status);  // Only the master removes the socket's path and the pid file.
}

}  // namespace ssync
