#include "worker/serve/serve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <nlohmann/json.hpp>

#include "common/config/log_setup.h"
#include "common/os/md5.h"
#include "tests/unit/temporary_device.h"
#include "tests/unit/worker/fastcgi/fastcgi_peer.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::SizeIs;
using ::testing::StartsWith;

const char kTime[] = "1700000001.00000";
constexpr int kComplete = 0;  // protocol status of an END_REQUEST

// Lets a worker serve so many requests.
class CountedRequests final : public WorkerControl {
 public:
  explicit CountedRequests(int count) : left_(count) {}
  [[nodiscard]] bool draining() const override { return left_ < 0; }
  [[nodiscard]] bool stopping() const override { return stopping_; }
  void wait_for_request(int listening_fd) override {
    if (--left_ < 0) return;
    pollfd waiting{.fd = listening_fd, .events = POLLIN, .revents = 0};
    EXPECT_EQ(::poll(&waiting, 1, 20000), 1);
  }
  void stop_now() { stopping_ = true; }

 private:
  int left_;
  bool stopping_ = false;
};

class ServeTest : public ::testing::Test {
 protected:
  ServeTest() {
    device_.settings().reclaim_age = std::int64_t{1} << 40;
    setup_logging({.target = log_path(), .level = "DEBUG"});
  }
  ~ServeTest() override { setup_logging({}); }

  static std::string request(const std::string& method, const std::string& uri,
                             const std::string& body = "") {
    std::string bytes = FastCgiPeer::head({{"REQUEST_METHOD", method},
                                           {"REQUEST_URI", uri},
                                           {"REMOTE_ADDR", "10.0.0.1"},
                                           {"HTTP_X_TRANS_ID", "tx1"}});
    if (!body.empty()) bytes += FastCgiPeer::input(body);
    return bytes + FastCgiPeer::input("");
  }
  // Serves one request.
  FastCgiResponse serve(const std::string& bytes) {
    FastCgiPeer peer(listener_);
    peer.send_raw(bytes);
    auto response = peer.collect();
    CountedRequests control(1);
    EXPECT_EQ(serve_requests(device_.configuration(), listener_.fd(), place_, control), 0);
    return response.get();
  }

  [[nodiscard]] std::string log_path() const { return log_directory_.path() + "/log"; }
  [[nodiscard]] std::vector<std::string> log_lines() const {
    std::vector<std::string> lines;
    std::ifstream file(log_path());
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

  TemporaryDirectory log_directory_;
  TemporaryDevice device_;
  const ObjectName name_{"a", "c", "o"};
  FastCgiListener listener_;
  Board board_{4, {.workers = 8}};
  BoardPlace place_{board_, board_.use()};
};

const char kEmptySession[] =
    ":MISSING_CHECK: START\r\n:MISSING_CHECK: END\r\n:UPDATES: START\r\n:UPDATES: END\r\n";

TEST_F(ServeTest, WhatIsAnsweredWholeEndsAsAWhole) {
  device_.add_data(name_, kTime, "data", {{"ETag", md5_hex("data")}});
  const std::pair<std::string, std::string> cases[] = {
      {request("GET", "/sda1/7/a/c/o"), "Status: 200 OK\r\n"},
      {request("GET", "/sda1/7/a/c/none"), "Status: 404 Not Found\r\n"},
      {request("HEAD", "/sda1/7/a/c/o"), "Status: 200 OK\r\n"},
      {request("REPLICATE", "/sda1/7"), "Status: 200 OK\r\n"},
      {request("SSYNC", "/sda1/7", kEmptySession), "Status: 200 OK\r\n"},
      {request("SSYNC", "/sdb1/7", kEmptySession), "Status: 507 Insufficient Storage\r\n"},
      {request("PUT", "/sda1/7/a/c/o", "data"), "Status: 405 Method Not Allowed\r\n"},
  };
  for (const auto& [bytes, status_line] : cases) {
    const FastCgiResponse response = serve(bytes);
    EXPECT_THAT(response.output, StartsWith(status_line));
    EXPECT_THAT(response.ends, ElementsAre(kComplete)) << status_line;
  }
}

TEST_F(ServeTest, ASessionThatFailsIsCut) {
  const FastCgiResponse response = serve(request("SSYNC", "/sda1/7", "garbage\r\n"));
  EXPECT_THAT(response.output, HasSubstr("\r\n:ERROR: 0 \"Looking for :MISSING_CHECK: START got"));
  EXPECT_THAT(response.ends, IsEmpty());
}

TEST_F(ServeTest, ASilentSenderIsToldAfterTheConfiguredTime) {
  device_.receiver().client_timeout = 0.05;
  const FastCgiResponse response =
      serve(FastCgiPeer::head({{"REQUEST_METHOD", "SSYNC"}, {"REQUEST_URI", "/sda1/7"}}));
  EXPECT_THAT(response.output, EndsWith(":ERROR: 408 '0.05 seconds: missing_check start'\n"));
  EXPECT_THAT(response.ends, IsEmpty());
}

TEST_F(ServeTest, ALineIsNoLongerThanConfigured) {
  device_.receiver().network_chunk_size = 100;
  EXPECT_THAT(serve(request("SSYNC", "/sda1/7", std::string(99, 'x') + "\n")).output,
              HasSubstr(":ERROR: 0 "));
  const FastCgiResponse response = serve(request("SSYNC", "/sda1/7", std::string(100, 'x') + "\n"));
  EXPECT_THAT(response.output, EndsWith("\r\n\r\n\r\n")) << "nobody who sends this is told anything";
  EXPECT_THAT(response.ends, IsEmpty());
}

TEST_F(ServeTest, AWorkerThatDrainsTakesNoMore) {
  FastCgiPeer peer(listener_);
  peer.send_raw(request("GET", "/sda1/7/a/c/o"));
  auto response = peer.collect();
  CountedRequests drained(0);
  EXPECT_EQ(serve_requests(device_.configuration(), listener_.fd(), place_, drained), 0);
  CountedRequests stopped(1);
  stopped.stop_now();
  EXPECT_EQ(serve_requests(device_.configuration(), listener_.fd(), place_, stopped), 0);
  // It was left to another worker.
  CountedRequests control(1);
  EXPECT_EQ(serve_requests(device_.configuration(), listener_.fd(), place_, control), 0);
  EXPECT_THAT(response.get().ends, ElementsAre(kComplete));
}

TEST_F(ServeTest, EachRequestIsLoggedIfTheyAreToBe) {
  device_.add_data(name_, kTime, "data", {{"ETag", md5_hex("data")}});
  serve(request("GET", "/sda1/7/a/c/o"));
  serve(request("HEAD", "/sda1/7/a/c/none"));
  serve(request("REPLICATE", "/sda1"));
  std::vector<std::string> lines = log_lines();
  ASSERT_THAT(lines, SizeIs(3));
  EXPECT_THAT(lines[0],
              MatchesRegex(".*: INFO 10\\.0\\.0\\.1 - - \\[.*\\] \"GET /sda1/7/a/c/o\" 200 4 \"-\" \"tx1\" "
                           "\"-\" [0-9.]+ \"-\" [0-9]+ -"));
  EXPECT_THAT(lines[1], HasSubstr("INFO 10.0.0.1 - - ["));
  EXPECT_THAT(lines[1], HasSubstr("\"HEAD /sda1/7/a/c/none\" 404 "));
  EXPECT_THAT(lines[2], HasSubstr("DEBUG 10.0.0.1 - - ["));
  EXPECT_THAT(lines[2], HasSubstr("\"REPLICATE /sda1\" 400 "));
  device_.receiver().log_requests = false;
  serve(request("GET", "/sda1/7/a/c/o"));
  EXPECT_THAT(log_lines(), SizeIs(3));
}

// The site's id joins the pool's lines with nginx's; the line in Swift's format has the sender's.
TEST_F(ServeTest, LinesBelongToTheirRequest) {
  setup_logging({.target = log_path(), .format = "json", .level = "DEBUG"});
  const std::string head = FastCgiPeer::head({{"REQUEST_METHOD", "SSYNC"},
                                              {"REQUEST_URI", "/sda1/7"},
                                              {"REMOTE_ADDR", "10.0.0.1"},
                                              {"SSYNC_TRANS_ID", "of-nginx"}});
  serve(head + FastCgiPeer::input(kEmptySession) + FastCgiPeer::input(""));
  serve(request("SSYNC", "/sda1/8", kEmptySession));
  std::vector<nlohmann::json> lines;
  for (const std::string& line : log_lines()) lines.push_back(nlohmann::json::parse(line));
  ASSERT_THAT(lines, SizeIs(4));
  const std::string ids[] = {"of-nginx", "of-nginx", "tx1", "tx1"};
  for (std::size_t i = 0; i < lines.size(); ++i) {
    EXPECT_EQ(lines[i]["trans_id"], ids[i]) << lines[i];
    EXPECT_EQ(lines[i]["method"], "SSYNC");
    EXPECT_EQ(lines[i]["remote_addr"], "10.0.0.1");
    EXPECT_EQ(lines[i]["device"], "sda1");
    EXPECT_EQ(lines[i]["partition"], i < 2 ? "7" : "8");
    EXPECT_EQ(lines[i]["policy"], 0);
  }
  EXPECT_EQ(lines[0]["outcome"], "ended");
  EXPECT_EQ(lines[0]["offered"], 0);
  EXPECT_EQ(lines[1]["status"], 200);
  EXPECT_FALSE(lines[1].contains("offered"));
  EXPECT_THAT(lines[1]["message"].get<std::string>(), HasSubstr("\"SSYNC /sda1/7\" 200 - \"-\" \"-\" "));
  EXPECT_THAT(lines[3]["message"].get<std::string>(), HasSubstr("\"SSYNC /sda1/8\" 200 - \"-\" \"tx1\" "));
}

TEST_F(ServeTest, AReaderThatLeavesIsNoError) {
  const std::string data(std::size_t{16} << 20, 'x');
  device_.add_data(name_, kTime, data, {{"ETag", md5_hex(data)}});
  FastCgiPeer peer(listener_);
  peer.send_raw(request("GET", "/sda1/7/a/c/o"));
  peer.close();
  CountedRequests control(1);
  EXPECT_EQ(serve_requests(device_.configuration(), listener_.fd(), place_, control), 0);
  // The worker lives on.
  EXPECT_THAT(serve(request("HEAD", "/sda1/7/a/c/o")).ends, ElementsAre(kComplete));
  EXPECT_THAT(device_.quarantined(), IsEmpty());
}

}  // namespace
}  // namespace ssync
