#include "worker/status/control_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/os/fd.h"

namespace ssync {
namespace {

using nlohmann::json;

class ControlServerTest : public ::testing::Test {
 protected:
  json answer(const std::string& command) { return json::parse(answer_command(command, board_, actions_)); }
  std::string error(const std::string& command) { return answer(command).value("error", ""); }
  [[nodiscard]] DeviceLimits limits() const { return board_.throttles().limits("sda"); }

  Board board_{4, {.workers = 2, .slots = 1}};
  std::vector<pid_t> ended_;
  ControlActions actions_{.status = [] { return R"({"here": 1})"; },
                          .end_worker =
                              [this](pid_t worker) {
                                ended_.push_back(worker);
                                return true;
                              }};
};

TEST_F(ControlServerTest, TellsTheStatus) {
  EXPECT_EQ(answer(R"({"command": "status"})"), json({{"here", 1}}));
}

TEST_F(ControlServerTest, SetsWhatIsNamedOfADevicesLimits) {
  EXPECT_TRUE(answer(R"({"command": "limit", "device": "sda", "bytes_per_second": 5000})")["ok"]);
  EXPECT_TRUE(answer(R"({"command": "limit", "device": "sda", "idle_share": 0.25})")["ok"]);
  EXPECT_EQ(limits(), (DeviceLimits{.bytes_per_second = 5000, .idle_share = 0.25}));
  EXPECT_TRUE(answer(R"({"command": "limit", "device": "sda", "reset": true})")["ok"]);
  EXPECT_EQ(limits(), DeviceLimits{});
}

TEST_F(ControlServerTest, DrainsAndResumes) {
  const Throttles& throttles = board_.throttles();
  EXPECT_TRUE(answer(R"({"command": "drain", "device": "sda"})")["ok"]);
  EXPECT_TRUE(throttles.is_drained("sda"));
  EXPECT_FALSE(throttles.is_drained("sdb"));
  EXPECT_TRUE(answer(R"({"command": "drain"})")["ok"]);
  EXPECT_TRUE(throttles.is_drained("sdb"));
  EXPECT_THAT(error(R"({"command": "resume", "device": "sda"})"),
              ::testing::HasSubstr("all devices are drained"));
  EXPECT_TRUE(throttles.is_drained("sda"));
  EXPECT_TRUE(answer(R"({"command": "resume"})")["ok"]);
  EXPECT_FALSE(throttles.is_drained("sda") || throttles.is_drained("sdb")) << "all that was drained";
  answer(R"({"command": "drain", "device": "sda"})");
  answer(R"({"command": "resume", "device": "sda"})");
  EXPECT_FALSE(throttles.is_drained("sda"));
}

TEST_F(ControlServerTest, EndsASessionAndNothingElse) {
  BoardPlace session(board_, board_.use());
  board_.set_pid(0, 21);
  BoardPlace reading(board_, board_.use());
  board_.set_pid(1, 22);
  ASSERT_TRUE(session.admit_session({.method = "SSYNC", .device = "sda", .partition = "7"}, 1));
  static_cast<void>(reading.admit({.method = "GET", .device = "sda"}));
  EXPECT_EQ(error(R"({"command": "end", "session": 22})"), "there is no session 22");
  EXPECT_EQ(error(R"({"command": "end", "session": 1})"), "there is no session 1");
  EXPECT_EQ(error(R"({"command": "end", "session": 4294967317})"), "there is no session 4294967317");
  EXPECT_THAT(ended_, ::testing::IsEmpty());
  EXPECT_TRUE(answer(R"({"command": "end", "session": 21})")["ok"]);
  EXPECT_THAT(ended_, ::testing::ElementsAre(21));
}

TEST_F(ControlServerTest, WhatMakesNoSenseChangesNothing) {
  struct Case {
    const char* command;
    const char* error;
  };
  for (const Case& c : std::vector<Case>{
           {"", "JSON object"},
           {"[]", "JSON object"},
           {"{\"command\": 5}", "type"},
           {"{}", "unknown command"},
           {R"({"command": "reboot"})", "unknown command"},
           {R"({"command": "limit", "bytes_per_second": 1})", "\"device\""},
           {R"({"command": "limit", "device": "../sda"})", "no name of a device"},
           {R"({"command": "limit", "device": ""})", "no name of a device"},
           {R"({"command": "limit", "device": "sda", "bytes_per_second": -1})", "whole number"},
           {R"({"command": "limit", "device": "sda", "bytes_per_second": 1.5})", "whole number"},
           {R"({"command": "limit", "device": "sda", "bytes_per_second": 9223372036854775808})",
            "whole number"},
           {R"({"command": "limit", "device": "sda", "bytes_per_second": 99999999999999999999})",
            "whole number"},
           {R"({"command": "limit", "device": "sda", "objects_per_second": "9"})", "whole number"},
           {R"({"command": "limit", "device": "sda", "idle_share": 1})", "0.95"},
           {R"({"command": "drain", "device": 7})", "\"device\""},
           {R"({"command": "end"})", "no session 0"},
       }) {
    EXPECT_THAT(error(c.command), ::testing::HasSubstr(c.error)) << c.command;
  }
  EXPECT_EQ(limits(), DeviceLimits{});
  EXPECT_TRUE(board_.throttles().own_limits().empty());
}

TEST_F(ControlServerTest, ListensWhereOnlyItsUserMayAsk) {
  const std::string path = ::testing::TempDir() + "control." + std::to_string(::getpid());
  {
    const ControlServer server(path, board_, actions_);
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
    const Fd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(static_cast<char*>(address.sun_path), sizeof(address.sun_path) - 1);
    ASSERT_EQ(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    write_all(client.get(), "{\"command\": \"drain\"}\n", path);
    std::string heard(64, '\0');
    heard.resize(static_cast<std::size_t>(::recv(client.get(), heard.data(), heard.size(), MSG_WAITALL)));
    EXPECT_EQ(heard, "{\"ok\":true}\n");
    EXPECT_TRUE(board_.throttles().is_drained("sda"));
  }
  EXPECT_NE(::access(path.c_str(), F_OK), 0) << "it leaves no socket";
}

}  // namespace
}  // namespace ssync
