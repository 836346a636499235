#include "worker/replicator/status_answerer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "common/os/socket_directory.h"
#include "tests/temporary_directory.h"

namespace ssync {
namespace {

class StatusAnswererTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path(int number) const {
    return directory_.path() + "/ssync-replicator." + std::to_string(number) + ".status";
  }
  // What who connects there hears until the end; nullopt if nobody listens.
  [[nodiscard]] std::optional<std::string> ask(int number) const {
    const SocketDirectory sockets(directory_.path());
    const Fd connection = sockets.connect("ssync-replicator." + std::to_string(number) + ".status");
    if (!connection) return std::nullopt;
    std::string heard;
    std::array<char, 4096> piece{};
    for (;;) {
      pollfd waiting{.fd = connection.get(), .events = POLLIN, .revents = 0};
      if (::poll(&waiting, 1, 60000) != 1) return heard + "(nothing)";
      const ssize_t size = ::recv(connection.get(), piece.data(), piece.size(), 0);
      if (size <= 0) return heard;
      heard.append(piece.data(), static_cast<std::size_t>(size));
    }
  }
  // It listens in its own time.
  [[nodiscard]] std::string await(int number) const {
    for (;;) {
      if (const auto heard = ask(number)) return *heard;
      std::this_thread::yield();
    }
  }
  std::unique_ptr<StatusAnswerer> tell(const std::string& text, std::size_t number = 0) {
    return std::make_unique<StatusAnswerer>(directory_.path(), number, [text] { return text; });
  }

  TemporaryDirectory directory_;
};

TEST_F(StatusAnswererTest, WhoeverConnectsGetsTheReportAndTheEnd) {
  const std::string large(500000, 'x');
  auto answerer = tell(large, 3);
  EXPECT_EQ(await(3), large);
  EXPECT_EQ(await(3), large);
  struct stat status {};
  ASSERT_EQ(::stat(path(3).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  answerer.reset();
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path())) << "it leaves nothing";
}

TEST_F(StatusAnswererTest, TwoOfOneNumberDoNotTakeEachOthersPlace) {
  auto first = tell("first");
  EXPECT_EQ(await(0), "first");
  auto second = tell("second");
  EXPECT_EQ(await(1), "second");
  EXPECT_EQ(await(0), "first");
  first.reset();
  EXPECT_EQ(await(1), "second");
  EXPECT_FALSE(ask(0));
}

TEST_F(StatusAnswererTest, ReplacesWhatADeadProcessHasLeft) {
  {
    const SocketDirectory sockets(directory_.path());
    const Fd dead = sockets.listen("ssync-replicator.0.status", 0600, 1);
  }
  ASSERT_TRUE(std::filesystem::exists(path(0)));
  const auto answerer = tell("alive");
  EXPECT_EQ(await(0), "alive");
}

TEST_F(StatusAnswererTest, LeavesWhatSomebodyElseHasPutInItsPlace) {
  auto answerer = tell("first");
  EXPECT_EQ(await(0), "first");
  std::filesystem::remove(path(0));
  directory_.write("ssync-replicator.0.status", "another's");
  answerer.reset();
  EXPECT_TRUE(std::filesystem::exists(path(0)));
}

TEST_F(StatusAnswererTest, GoesOnWithoutADirectory) {
  const StatusAnswerer answerer(directory_.path() + "/none", 0, [] { return "never"; });
}

// One who connects and reads nothing keeps the others waiting for a second, and the end for no more.
TEST_F(StatusAnswererTest, WhoDoesNotReadIsLeft) {
  const std::string large(std::size_t{8} << 20U, 'x');
  auto answerer = tell(large);
  EXPECT_EQ(await(0).size(), large.size());
  const SocketDirectory sockets(directory_.path());
  const Fd silent = sockets.connect("ssync-replicator.0.status");
  ASSERT_TRUE(silent);
  EXPECT_EQ(await(0).size(), large.size());
}

}  // namespace
}  // namespace ssync
