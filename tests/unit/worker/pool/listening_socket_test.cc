#include "worker/pool/listening_socket.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include "common/config/errors.h"
#include "common/os/fd.h"

namespace ssync {
namespace {

using ::testing::HasSubstr;

class ListeningSocketTest : public ::testing::Test {
 protected:
  ListeningSocketTest() : dir_(::testing::TempDir() + "socket_test." + std::to_string(getpid())) {
    std::filesystem::create_directory(dir_);
    settings_.socket = dir_ + "/sock";
  }
  ~ListeningSocketTest() override { std::filesystem::remove_all(dir_); }

  [[nodiscard]] std::string error() const {
    try {
      const ListeningSocket socket(settings_);
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "no error";
  }

  // 0 or the errno.
  static int connect_to(const std::string& path) {
    const Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(static_cast<char*>(address.sun_path), sizeof(address.sun_path) - 1);
    return connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 ? 0 : errno;
  }

  void leave_stale_socket() const {
    const pid_t pid = fork();
    if (pid == 0) {
      const auto* leaked = std::make_unique<ListeningSocket>(settings_).release();
      _exit(leaked == nullptr ? 1 : 0);
    }
    int status = -1;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    ASSERT_EQ(status, 0);
  }

  std::string dir_;
  PoolSettings settings_;
};

TEST_F(ListeningSocketTest, ListensAndRemovesItsPathAtTheEnd) {
  {
    const ListeningSocket socket(settings_);
    EXPECT_FALSE(socket.inherited());
    EXPECT_EQ(connect_to(settings_.socket), 0);
    EXPECT_NE(fcntl(socket.fd(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(fcntl(socket.fd(), F_GETFD) & FD_CLOEXEC, 0);
  }
  EXPECT_EQ(connect_to(settings_.socket), ENOENT);
}

TEST_F(ListeningSocketTest, HasTheModeAskedForWhateverTheUmask) {
  const mode_t old = umask(0027);
  for (const unsigned mode : {0660U, 0600U, 0666U}) {
    settings_.socket_mode = mode;
    const ListeningSocket socket(settings_);
    struct stat status {};
    ASSERT_EQ(stat(settings_.socket.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, mode);
  }
  EXPECT_EQ(umask(old), 0027U) << "the umask is put back";
}

TEST_F(ListeningSocketTest, HasTheOwnerAndGroupAskedFor) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  settings_.socket_owner = "nobody";
  settings_.socket_group = "daemon";
  const ListeningSocket socket(settings_);
  struct stat status {};
  ASSERT_EQ(stat(settings_.socket.c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, getpwnam("nobody")->pw_uid);
  EXPECT_EQ(status.st_gid, getgrnam("daemon")->gr_gid);
}

TEST_F(ListeningSocketTest, RefusesThePathOfALiveListener) {
  const ListeningSocket first(settings_);
  EXPECT_EQ(error(), "[worker] socket = " + settings_.socket +
                         ": another process is listening on it; stop it or choose another path");
  EXPECT_EQ(connect_to(settings_.socket), 0);
}

TEST_F(ListeningSocketTest, ReplacesAStaleSocket) {
  leave_stale_socket();
  ASSERT_EQ(connect_to(settings_.socket), ECONNREFUSED);
  const ListeningSocket socket(settings_);
  EXPECT_EQ(connect_to(settings_.socket), 0);
}

TEST_F(ListeningSocketTest, RefusesWhatIsNoSocketAndLeavesIt) {
  std::ofstream(settings_.socket) << "precious";
  EXPECT_THAT(error(), HasSubstr("exists and is not a socket"));
  EXPECT_TRUE(std::filesystem::is_regular_file(settings_.socket));
}

TEST_F(ListeningSocketTest, NamesTheMistake) {
  struct Case {
    std::string socket;
    std::string owner;
    std::string group;
    const char* error;
  };
  const std::string good = settings_.socket;
  const Case cases[] = {
      {"/tmp/" + std::string(103, 'x'), "", "", "longer than 107 bytes"},
      {dir_ + "/missing/sock", "", "",
       "cannot create the socket: No such file or directory; create its directory"},
      {"", "", "", "no path and no inherited socket"},
      {good, "no-such-user", "", "socket_owner = no-such-user: unknown user"},
      {good, "", "no-such-group", "socket_group = no-such-group: unknown group"},
  };
  for (const Case& c : cases) {
    settings_.socket = c.socket;
    settings_.socket_owner = c.owner;
    settings_.socket_group = c.group;
    EXPECT_THAT(error(), HasSubstr(c.error));
    EXPECT_FALSE(std::filesystem::exists(good));
  }
}

TEST_F(ListeningSocketTest, DoesNotRemoveAnothersSocket) {
  auto first = std::make_unique<ListeningSocket>(settings_);
  std::filesystem::rename(settings_.socket, dir_ + "/moved");
  const ListeningSocket second(settings_);
  first.reset();
  EXPECT_EQ(connect_to(settings_.socket), 0);
}

// In a child, as it takes descriptor 0 away.
template <typename Body>
int exit_status_of(const Body& body) {
  const pid_t pid = fork();
  if (pid == 0) _exit(body());
  int status = -1;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(ListeningSocketTest, TakesDescriptorZeroIfThatListens) {
  const ListeningSocket made(settings_);
  PoolSettings none;
  none.socket.clear();
  EXPECT_EQ(exit_status_of([&] {
              dup2(made.fd(), STDIN_FILENO);
              const ListeningSocket inherited(none);
              return inherited.inherited() && inherited.fd() == STDIN_FILENO ? 0 : 1;
            }),
            0);
  EXPECT_EQ(connect_to(settings_.socket), 0) << "an inherited socket's path stays";
}

TEST_F(ListeningSocketTest, TakesTheSocketOfSystemd) {
  const ListeningSocket made(settings_);
  PoolSettings none;
  none.socket.clear();
  EXPECT_EQ(exit_status_of([&] {
              dup2(made.fd(), 3);
              setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
              setenv("LISTEN_FDS", "1", 1);
              const ListeningSocket inherited(none);
              return inherited.inherited() && inherited.fd() == 3 && getenv("LISTEN_FDS") == nullptr ? 0 : 1;
            }),
            0);
}

TEST_F(ListeningSocketTest, RefusesMoreThanOneSocketOfSystemdAndWhatDoesNotListen) {
  const ListeningSocket made(settings_);
  const Fd idle(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct Case {
    int fd;
    const char* count;
    const char* error;
  };
  for (const Case& c :
       {Case{made.fd(), "2", "systemd passed 2 sockets; keep one ListenStream="},
        Case{idle.get(), "1", "is not a listening socket; use ListenStream= and Accept=no"}}) {
    EXPECT_EQ(exit_status_of([&] {
                dup2(c.fd, 3);
                dup2(c.fd, 4);
                setenv("LISTEN_PID", std::to_string(getpid()).c_str(), 1);
                setenv("LISTEN_FDS", c.count, 1);
                return error().find(c.error) == std::string::npos ? 1 : 0;
              }),
              0)
        << c.error;
  }
}

TEST_F(ListeningSocketTest, LeavesTheSocketsOfAnotherProcessAlone) {
  const ListeningSocket made(settings_);
  PoolSettings other = settings_;
  other.socket = dir_ + "/other";
  EXPECT_EQ(exit_status_of([&] {
              dup2(made.fd(), 3);
              setenv("LISTEN_PID", std::to_string(getppid()).c_str(), 1);
              setenv("LISTEN_FDS", "1", 1);
              const ListeningSocket socket(other);
              return socket.inherited() ? 1 : 0;
            }),
            0);
}

// As after an upgrade without a restart: whoever made the socket, what is done with its path at the end
// stays.
TEST_F(ListeningSocketTest, TakesTheSocketOfTheProgramBefore) {
  auto made = std::make_unique<ListeningSocket>(settings_);
  PoolSettings none;
  none.socket.clear();
  {
    const ListeningSocket socket(none, {.socket = dup(made->fd()), .socket_path = "", .workers = {}});
    EXPECT_TRUE(socket.inherited());
    EXPECT_NE(fcntl(socket.fd(), F_GETFD) & FD_CLOEXEC, 0);
  }
  EXPECT_EQ(connect_to(settings_.socket), 0) << "it was somebody else's, and stays";
  {
    const ListeningSocket socket(none,
                                 {.socket = dup(made->fd()), .socket_path = made->path(), .workers = {}});
    EXPECT_FALSE(socket.inherited());
  }
  EXPECT_EQ(connect_to(settings_.socket), ENOENT) << "it was the pool's own, and is removed";
}

}  // namespace
}  // namespace ssync
