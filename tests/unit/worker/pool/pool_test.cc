#include "worker/pool/pool.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "common/config/errors.h"
#include "common/config/log_setup.h"
#include "common/os/fd.h"
#include "common/os/log.h"

namespace ssync {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

template <typename Condition>
bool await(const Condition& condition) {
  for (const auto deadline = Clock::now() + seconds(20); Clock::now() < deadline;) {
    if (condition()) return true;
    std::this_thread::sleep_for(milliseconds(2));
  }
  return false;
}

// Greets each connection with "PID client_timeout\n" and then echoes, one connection at a time,
// until the peer closes it or the worker is to stop.
int echo_worker(const Configuration& configuration, int listening_fd, BoardPlace& place,
                WorkerControl& control) {
  place.set_phase(Phase::idle);
  while (true) {
    control.wait_for_request(listening_fd);
    if (control.draining() || control.stopping()) return 0;
    const Fd connection(accept4(listening_fd, nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection) continue;
    const std::string greeting = std::to_string(getpid()) + " " +
                                 std::to_string(configuration.settings.receiver.client_timeout) + "\n";
    write_all(connection.get(), greeting, "peer");
    char byte = 0;
    while (!control.stopping()) {
      const ssize_t got = read(connection.get(), &byte, 1);
      if (got == 0) break;
      if (got > 0) write_all(connection.get(), std::string(1, byte), "peer");
    }
  }
}

class Session {
 public:
  explicit Session(const std::string& path) : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval limit{.tv_sec = 20, .tv_usec = 0};
    setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(static_cast<char*>(address.sun_path), sizeof(address.sun_path) - 1);
    EXPECT_TRUE(await([&] {
      return connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    })) << path;
    std::string greeting;
    for (char byte = 0; byte != '\n' && read(fd_.get(), &byte, 1) == 1;) greeting += byte;
    std::istringstream(greeting) >> worker_ >> client_timeout_;
  }
  [[nodiscard]] pid_t worker() const { return worker_; }
  [[nodiscard]] double client_timeout() const { return client_timeout_; }
  [[nodiscard]] bool echoes() const {
    char byte = 'x';
    return send(fd_.get(), &byte, 1, MSG_NOSIGNAL) == 1 && read(fd_.get(), &byte, 1) == 1;
  }
  void close() { fd_.reset(); }

 private:
  Fd fd_;
  pid_t worker_ = -1;
  double client_timeout_ = 0;
};

class PoolTest : public ::testing::Test {
 protected:
  PoolTest() : dir_(::testing::TempDir() + "pool_test." + std::to_string(getpid())) {
    std::filesystem::create_directory(dir_);
    // Workers whose master was killed become ours, so that their end can be awaited.
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    configure("");
    configure_swift("swift_hash_path_suffix = changeme");
  }
  ~PoolTest() override {
    if (master_ > 0) {
      kill(master_, SIGTERM);
      waitpid(master_, nullptr, 0);
    }
    std::filesystem::remove_all(dir_);
  }

  void configure(const std::string& more, int workers = 1) {
    std::ofstream(conf()) << "[worker]\nworkers = " << workers << "\nsocket = " << socket()
                          << "\nswift_dir = " << dir_ << "\nlog_target = " << dir_
                          << "/log\npid_file = " << dir_
                          << "/pid\n[object-server]\nreplication_concurrency = 0\ndevices = " << dir_ << "\n"
                          << more;
  }

  void configure_swift(const std::string& hash) {
    std::ofstream(dir_ + "/swift.conf") << "[swift-hash]\n" << hash << "\n";
  }

  void start(const WorkerMain& worker_main = echo_worker, const WorkerMain& status_main = {}) {
    const Configuration configuration = load_configuration(conf());
    master_ = fork();
    if (master_ == 0) {
      int status = 1;
      try {
        status = run_pool(conf(), configuration, worker_main, status_main);
      } catch (const ConfigError&) {
        status = 2;
      }
      _exit(status);
    }
  }

  // The exit status of the master, which is to end by itself; -1 for another end.
  int master_status() {
    int status = 0;
    const bool ended = await([&] { return waitpid(master_, &status, WNOHANG) == master_; });
    EXPECT_TRUE(ended);
    if (ended) master_ = -1;
    return ended && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  [[nodiscard]] bool master_runs() const { return waitpid(master_, nullptr, WNOHANG) == 0; }
  static bool gone(pid_t pid) {
    return await([pid] { return kill(pid, 0) < 0 && errno == ESRCH; });
  }
  [[nodiscard]] std::string log() const {
    std::ostringstream text;
    text << std::ifstream(dir_ + "/log").rdbuf();
    return text.str();
  }
  [[nodiscard]] bool logs(const std::string& words) const {
    return await([&] { return log().find(words) != std::string::npos; });
  }
  [[nodiscard]] std::string conf() const { return dir_ + "/worker.conf"; }
  [[nodiscard]] std::string socket() const { return dir_ + "/sock"; }
  [[nodiscard]] bool exists(const char* name) const { return std::filesystem::exists(dir_ + "/" + name); }

  std::string dir_;
  pid_t master_ = -1;
};

TEST_F(PoolTest, ReplacesAKilledWorker) {
  start();
  const Session first(socket());
  EXPECT_TRUE(first.echoes());
  kill(first.worker(), SIGKILL);
  const Session second(socket());
  EXPECT_TRUE(second.echoes());
  EXPECT_NE(second.worker(), first.worker());
  EXPECT_FALSE(first.echoes());
  EXPECT_TRUE(logs("worker " + std::to_string(first.worker()) + " was killed by signal 9 (Killed)"));
}

TEST_F(PoolTest, TheStatusProcessListensBesideThePoolAndIsReplaced) {
  start(echo_worker, echo_worker);
  const Session status(socket() + ".status");
  const Session session(socket());
  EXPECT_TRUE(status.echoes());
  EXPECT_NE(status.worker(), session.worker());
  kill(status.worker(), SIGKILL);
  EXPECT_TRUE(logs("the status process " + std::to_string(status.worker()) + " was killed by signal 9"));
  EXPECT_NE(Session(socket() + ".status").worker(), status.worker());
  EXPECT_TRUE(session.echoes());
  kill(master_, SIGTERM);
  EXPECT_EQ(master_status(), 0);
  EXPECT_FALSE(exists("sock.status"));
}

TEST_F(PoolTest, AReloadReplacesTheStatusProcessAtOnce) {
  start(echo_worker, echo_worker);
  const Session status(socket() + ".status");
  kill(master_, SIGHUP);
  EXPECT_TRUE(logs("reloaded"));
  EXPECT_FALSE(status.echoes());
  EXPECT_TRUE(Session(socket() + ".status").echoes());
}

TEST_F(PoolTest, TheStatusProcessAnswersUntilTheLastSessionHasEnded) {
  start(echo_worker, echo_worker);
  Session status(socket() + ".status");
  Session session(socket());
  kill(master_, SIGQUIT);
  EXPECT_TRUE(logs("draining"));
  EXPECT_TRUE(session.echoes() && status.echoes());
  session.close();
  EXPECT_EQ(master_status(), 0);
  EXPECT_FALSE(status.echoes());
}

TEST_F(PoolTest, TheStatusProcessMayBeElsewhereOrNowhere) {
  configure("[worker]\nstatus_socket = " + dir_ + "/elsewhere\n");
  start(echo_worker, echo_worker);
  EXPECT_TRUE(Session(dir_ + "/elsewhere").echoes());
  EXPECT_FALSE(exists("sock.status"));
  kill(master_, SIGTERM);
  EXPECT_EQ(master_status(), 0);
  configure("[worker]\nstatus_socket = off\n");
  start(echo_worker, echo_worker);
  EXPECT_TRUE(Session(socket()).echoes());
  EXPECT_FALSE(exists("sock.status") || exists("elsewhere"));
}

TEST_F(PoolTest, RunsAsManyWorkersAsConfigured) {
  configure("", 3);
  start();
  const Session first(socket());
  const Session second(socket());
  const Session third(socket());
  EXPECT_TRUE(first.echoes() && second.echoes() && third.echoes());
  EXPECT_TRUE(logs("started: 3 workers on " + socket()));
}

TEST_F(PoolTest, SigtermEndsASessionAndLeavesNothing) {
  start();
  const Session session(socket());
  EXPECT_TRUE(exists("pid"));
  kill(master_, SIGTERM);
  EXPECT_EQ(master_status(), 0);
  EXPECT_FALSE(session.echoes());
  EXPECT_TRUE(gone(session.worker()));
  EXPECT_FALSE(exists("sock"));
  EXPECT_FALSE(exists("pid"));
}

TEST_F(PoolTest, DrainLetsASessionEnd) {
  start();
  Session session(socket());
  kill(master_, SIGQUIT);
  EXPECT_TRUE(await([this] { return !exists("sock"); }));
  EXPECT_TRUE(session.echoes());
  EXPECT_TRUE(master_runs());
  session.close();
  EXPECT_EQ(master_status(), 0);
  EXPECT_TRUE(gone(session.worker()));
}

TEST_F(PoolTest, SigtermCutsADrainShort) {
  start();
  const Session session(socket());
  kill(master_, SIGQUIT);
  EXPECT_TRUE(await([this] { return !exists("sock"); }));
  kill(master_, SIGTERM);
  EXPECT_EQ(master_status(), 0);
  EXPECT_FALSE(session.echoes());
}

TEST_F(PoolTest, ABusyWorkerDrainsToo) {
  // Never accepts, and so the listening socket stays readable.
  start([](const Configuration&, int listening_fd, BoardPlace&, WorkerControl& control) {
    while (!control.draining()) control.wait_for_request(listening_fd);
    return 0;
  });
  ASSERT_TRUE(logs("started"));
  const Fd waiting(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket().copy(static_cast<char*>(address.sun_path), sizeof(address.sun_path) - 1);
  ASSERT_EQ(connect(waiting.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  kill(master_, SIGQUIT);
  EXPECT_EQ(master_status(), 0);
}

TEST_F(PoolTest, ReloadStartsNewWorkersAndLetsTheOldFinish) {
  start();
  Session old(socket());
  EXPECT_EQ(old.client_timeout(), 60);
  configure("client_timeout = 5\n", 2);
  kill(master_, SIGHUP);
  ASSERT_TRUE(logs("reloaded " + conf() + ": 2 workers"));
  const Session first(socket());
  const Session second(socket());
  EXPECT_EQ(first.client_timeout(), 5);
  EXPECT_EQ(second.client_timeout(), 5);
  EXPECT_TRUE(old.echoes());
  old.close();
  EXPECT_TRUE(gone(old.worker()));
}

TEST_F(PoolTest, AnInvalidReloadKeepsWorkersAndConfiguration) {
  start();
  const Session session(socket());
  configure("client_timeout = soon\n");
  kill(master_, SIGHUP);
  EXPECT_TRUE(logs("reload failed, keeping the old configuration: " + conf() +
                   ": [object-server] client_timeout = soon: not a number"));
  EXPECT_TRUE(session.echoes());
  kill(session.worker(), SIGKILL);
  EXPECT_EQ(Session(socket()).client_timeout(), 60);
}

// A pool whose workers all fail would still accept connections, and senders would wait in its backlog.
TEST_F(PoolTest, AReloadWithABrokenSwiftConfKeepsWorkersAndConfiguration) {
  start();
  const pid_t worker = Session(socket()).worker();
  configure_swift("");
  kill(master_, SIGHUP);
  ASSERT_TRUE(logs("reload failed"));
  EXPECT_EQ(Session(socket()).worker(), worker);
}

TEST_F(PoolTest, ReloadKeepsTheSocket) {
  start();
  ASSERT_TRUE(logs("started"));
  configure("[worker]\nsocket = " + dir_ + "/other\n");
  kill(master_, SIGHUP);
  EXPECT_TRUE(logs("requires a restart"));
  ASSERT_TRUE(logs("reloaded"));
  EXPECT_TRUE(Session(socket()).echoes());
  EXPECT_FALSE(exists("other"));
  // The running pool still differs from the file.
  std::filesystem::rename(dir_ + "/log", dir_ + "/log.1");
  kill(master_, SIGHUP);
  EXPECT_TRUE(logs("requires a restart"));
}

TEST_F(PoolTest, Sigusr1ReopensTheLogInEveryProcess) {
  start([](const Configuration& configuration, int listening_fd, BoardPlace& place, WorkerControl& control) {
    const int status = echo_worker(configuration, listening_fd, place, control);
    log::info("the worker's last words");
    return status;
  });
  ASSERT_TRUE(logs("started"));
  std::filesystem::rename(dir_ + "/log", dir_ + "/log.1");
  kill(master_, SIGUSR1);
  ASSERT_TRUE(await([this] { return exists("log"); }));
  kill(master_, SIGQUIT);
  EXPECT_EQ(master_status(), 0);
  EXPECT_THAT(log(), ::testing::HasSubstr("stopped"));
  EXPECT_THAT(log(), ::testing::HasSubstr("the worker's last words"));
}

TEST_F(PoolTest, WorkersEndWhenTheMasterIsKilled) {
  start();
  const Session session(socket());
  kill(master_, SIGKILL);
  EXPECT_EQ(master_status(), -1);
  EXPECT_TRUE(await([&] { return waitpid(session.worker(), nullptr, WNOHANG) == session.worker(); }));
  EXPECT_FALSE(session.echoes());
}

TEST_F(PoolTest, AWorkerThatCannotStartIsRetriedSlowly) {
  start([](const Configuration&, int, BoardPlace&, WorkerControl&) -> int {
    throw ConfigError("swift.conf: broken");
  });
  ASSERT_TRUE(logs("exited with status 2"));
  const auto first = Clock::now();
  const auto deaths = [this] {
    std::size_t count = 0;
    const std::string text = log();
    for (std::size_t at = text.find("exited with"); at != std::string::npos;
         at = text.find("exited with", at + 1)) {
      ++count;
    }
    return count;
  };
  EXPECT_TRUE(await([&] { return deaths() >= 2; }));
  EXPECT_GE(Clock::now() - first, milliseconds(900));
  EXPECT_LE(deaths(), 2U);
  EXPECT_THAT(log(), ::testing::HasSubstr("CRITICAL swift.conf: broken"));
}

// The status process sees how long, and that it is over.
TEST_F(PoolTest, TellsThatItWaitsBeforeItStartsAWorker) {
  const std::string broken = dir_ + "/broken";
  std::ofstream{broken};
  start(
      [broken](const Configuration& configuration, int fd, BoardPlace& place, WorkerControl& control) {
        if (std::filesystem::exists(broken)) throw ConfigError("swift.conf: broken");
        return echo_worker(configuration, fd, place, control);
      },
      [this](const Configuration&, int, BoardPlace& place, WorkerControl& control) {
        const auto next_start = [&] { return place.ledger().facts().next_start; };
        await([&] { return next_start() > Clock::now(); });
        std::ofstream{dir_ + "/waits"};
        await([&] { return next_start() == Clock::time_point() || control.stopping(); });
        std::ofstream{dir_ + "/over"};
        return await([&] { return control.stopping(); }) ? 0 : 1;
      });
  EXPECT_TRUE(await([this] { return exists("waits"); }));
  EXPECT_FALSE(exists("over"));
  std::filesystem::remove(broken);
  EXPECT_TRUE(Session(socket()).echoes());
  EXPECT_TRUE(await([this] { return exists("over"); }));
}

// What killed them came from outside: the others' requests must not wait for it.
TEST_F(PoolTest, WorkersThatDieWhileServingAreReplacedAtOnce) {
  start([](const Configuration&, int listening_fd, BoardPlace& place, WorkerControl& control) {
    place.set_phase(Phase::idle);
    control.wait_for_request(listening_fd);
    if (control.draining() || control.stopping()) return 0;
    const Fd connection(accept4(listening_fd, nullptr, nullptr, SOCK_CLOEXEC));
    place.begin(Phase::reading_head);
    abort();
  });
  const auto begun = Clock::now();
  for (int i = 0; i < 55; ++i) Session{socket()};
  EXPECT_LE(Clock::now() - begun, seconds(15)) << "minutes with a delay that doubles";
  EXPECT_TRUE(logs("(Aborted); it served no request (reading the request's head, for "));
}

// Stands in for systemd's end of sd_notify(3).
class Notifications {
 public:
  explicit Notifications(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    const timeval limit{.tv_sec = 20, .tv_usec = 0};
    setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(static_cast<char*>(address.sun_path), sizeof(address.sun_path) - 1);
    EXPECT_EQ(bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  ~Notifications() {
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
  }
  Notifications(const Notifications&) = delete;
  Notifications& operator=(const Notifications&) = delete;

  // The next message's first line; empty if none comes.
  [[nodiscard]] std::string next() const {
    char text[512];
    const ssize_t size = recv(fd_.get(), text, sizeof(text), 0);
    const std::string message(text, size > 0 ? static_cast<std::size_t>(size) : 0);
    return message.substr(0, message.find('\n'));
  }

 private:
  Fd fd_;
};

TEST_F(PoolTest, TellsSystemdWhenItIsReadyReloadsAndStops) {
  const Notifications notifications(dir_ + "/notify");
  start();
  EXPECT_EQ(notifications.next(), "READY=1");
  kill(master_, SIGHUP);
  EXPECT_EQ(notifications.next(), "RELOADING=1");
  EXPECT_EQ(notifications.next(), "READY=1");
  kill(master_, SIGTERM);
  EXPECT_EQ(notifications.next(), "STOPPING=1");
  EXPECT_EQ(master_status(), 0);
}

TEST_F(PoolTest, GivesSystemdsWatchdogSignsOfLifeTwiceInItsTimeAlsoWhileItDrains) {
  const Notifications notifications(dir_ + "/notify");
  setenv("WATCHDOG_USEC", "400000", 1);
  start();
  EXPECT_EQ(notifications.next(), "READY=1");
  const Session session(socket());
  const auto begun = Clock::now();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(notifications.next(), "WATCHDOG=1");
  EXPECT_GE(Clock::now() - begun, milliseconds(300)) << "not all the time";
  kill(master_, SIGQUIT);
  std::string message;
  while ((message = notifications.next()) == "WATCHDOG=1") {
  }
  EXPECT_EQ(message, "STOPPING=1");
  EXPECT_EQ(notifications.next(), "WATCHDOG=1");
}

TEST_F(PoolTest, GivesNoSignsOfLifeForAnotherProcess) {
  const Notifications notifications(dir_ + "/notify");
  setenv("WATCHDOG_USEC", "20000", 1);
  setenv("WATCHDOG_PID", "1", 1);
  start();
  EXPECT_EQ(notifications.next(), "READY=1");
  const Session session(socket());
  EXPECT_TRUE(session.echoes());
  kill(master_, SIGTERM);
  EXPECT_EQ(notifications.next(), "STOPPING=1");
}

TEST_F(PoolTest, ATakenSocketIsTheOperatorsMistake) {
  start();
  ASSERT_TRUE(Session(socket()).echoes());
  Configuration configuration = load_configuration(conf());
  configuration.settings.log.target = dir_ + "/log2";
  EXPECT_THROW(run_pool(conf(), configuration, echo_worker), ConfigError);
}

}  // namespace
}  // namespace ssync
