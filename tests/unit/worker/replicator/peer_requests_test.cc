#include "worker/replicator/peer_requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>

#include "tests/unit/scripted_server.h"
#include "tests/unit/thrown_message.h"
#include "worker/sender/errors.h"

namespace ssync {
namespace {

using ::testing::HasSubstr;

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class PeerRequestsTest : public ::testing::Test {
 protected:
  PeerAnswer ask(const ScriptedServer& server, std::string_view method = "REPLICATE") {
    return peers_.ask(node_at(server), policy_, method, "/7");
  }

  static RingDevice node_at(const ScriptedServer& server) {
    RingDevice node;
    node.replication_ip = "127.0.0.1";
    node.replication_port = std::stoi(server.port());
    node.device = "sd b";
    return node;
  }

  StoragePolicy policy_;
  Interruption interruption_;
  KeptConnections connections_;
  PeerRequests peers_{
      {.connect = std::chrono::seconds(10), .answer = std::chrono::seconds(10)}, connections_, interruption_};
};

TEST_F(PeerRequestsTest, ASecondRequestGoesOverTheSameConnection) {
  ScriptedServer server([](ServedConnection& client) {
    EXPECT_THAT(client.read_head(), HasSubstr("REPLICATE /sd%20b/7 HTTP/1.1\r\nHost: 127.0.0.1:"));
    client.send(kOk);
    client.read_head();
    client.send("HTTP/1.1 404 Not Found\r\nContent-Length: 100\r\n\r\n");
    client.read_head();
    client.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nye");
    client.send("\r\n1\r\ns\r\n0\r\n\r\n");
  });
  EXPECT_EQ(ask(server).body, "ok");
  EXPECT_EQ(ask(server, "HEAD").head.status, 404)
      << "the answer to HEAD has no body, whatever its length says";
  EXPECT_EQ(ask(server).body, "yes");
  EXPECT_EQ(server.join(), "");
}

TEST_F(PeerRequestsTest, ABodyMayEndWithTheConnection) {
  ScriptedServer server([](ServedConnection& client) {
    client.read_head();
    client.send("HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nall of it");
    client.end_sending();
    client.read_to_end();
  });
  EXPECT_EQ(ask(server).body, "all of it");
}

TEST_F(PeerRequestsTest, WhatIsNoWholeAnswerIsAnError) {
  struct Case {
    const char* said;
    const char* expected;
  };
  for (const Case& c : std::vector<Case>{
           {"", "closed the connection before sending a response"},
           {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "within its answer"},
           {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha", "within its answer"},
           {"SSH-2.0-OpenSSH\r\n\r\n", "HTTP"}}) {
    ScriptedServer server([&](ServedConnection& client) {
      client.read_head();
      client.send(c.said);
      client.end_sending();
      client.read_to_end();
    });
    EXPECT_THAT(thrown_message<std::runtime_error>([&] { ask(server); }), HasSubstr(c.expected)) << c.said;
  }
}

TEST_F(PeerRequestsTest, AnEndlessAnswerIsGivenUp) {
  ScriptedServer server([](ServedConnection& client) {
    client.read_head();
    client.send("HTTP/1.1 200 OK\r\n\r\n");
    const std::string piece(1 << 20, 'x');
    for (;;) client.send(piece);
  });
  EXPECT_THAT(thrown_message<ReceiverRefused>([&] { ask(server); }), HasSubstr("too long"));
}

TEST_F(PeerRequestsTest, ASilentNodeIsGivenUp) {
  PeerRequests impatient({.connect = std::chrono::seconds(10), .answer = std::chrono::milliseconds(50)},
                         connections_, interruption_);
  ScriptedServer server([](ServedConnection& client) { client.read_to_end(); });
  RingDevice node;
  node.replication_ip = "127.0.0.1";
  node.replication_port = std::stoi(server.port());
  EXPECT_THAT(thrown_message<ConnectionLost>([&] { impatient.ask(node, policy_, "REPLICATE", "/7"); }),
              HasSubstr("no answer within 0.05 seconds"));
}

TEST_F(PeerRequestsTest, ANodeThatSaysMoreAndMoreBeforeItsAnswerIsGivenUp) {
  PeerRequests impatient({.connect = std::chrono::seconds(10), .answer = std::chrono::milliseconds(100)},
                         connections_, interruption_);
  ScriptedServer server([](ServedConnection& client) {
    std::string interim;
    while (interim.size() < 1 << 20) interim += "HTTP/1.1 100 Continue\r\n\r\n";
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    while (std::chrono::steady_clock::now() < end) client.send(interim);
  });
  EXPECT_THAT(
      thrown_message<ConnectionLost>([&] { impatient.ask(node_at(server), policy_, "REPLICATE", "/7"); }),
      HasSubstr("no answer within 0.1 seconds"));
}

const std::string kNoRoom = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy";

TEST_F(PeerRequestsTest, ANodeWithoutRoomIsAskedAgain) {
  ScriptedServer server([](ServedConnection& client) {
    for (const std::string& answer : {kNoRoom, kNoRoom, kOk}) {
      client.read_head();
      client.send(answer);
    }
    client.read_head();
    client.send("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 20\r\n\r\n");
    client.read_head();
    client.send("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n");
  });
  EXPECT_EQ(ask(server).body, "ok");
  EXPECT_EQ(ask(server, "HEAD").head.status, 200);
  EXPECT_EQ(server.join(), "");
}

TEST_F(PeerRequestsTest, APolicyThatANodeDoesNotHaveIsNotAskedForAgain) {
  ScriptedServer server([](ServedConnection& client) {
    client.read_head();
    client.send("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 22\r\n\r\nNo policy with index 7");
    client.read_head();
    client.send(kOk);
  });
  EXPECT_EQ(ask(server).head.status, 503);
  EXPECT_EQ(ask(server).head.status, 200);
}

TEST_F(PeerRequestsTest, ADeviceThatHasNoRoomForLongIsAskedOnlyOnce) {
  std::atomic<int> asked = 0;
  ScriptedServer server([&](ServedConnection& client) {
    for (;;) {
      client.read_head();
      ++asked;
      client.send(kNoRoom);
    }
  });
  // Closed before the server's end is waited for.
  KeptConnections connections;
  PeerRequests peers({.connect = std::chrono::seconds(10),
                      .answer = std::chrono::seconds(10),
                      .patience = std::chrono::milliseconds(70)},
                     connections, interruption_);
  EXPECT_EQ(peers.ask(node_at(server), policy_, "REPLICATE", "/7").head.status, 503);
  const int before = asked;
  EXPECT_EQ(peers.ask(node_at(server), policy_, "REPLICATE", "/8").head.status, 503);
  EXPECT_EQ(asked, before + 1);
}

TEST(NodeTextTest, IsAsInSwiftsLog) {
  RingDevice node;
  node.replication_ip = "2001:db8::1";
  node.replication_port = 6200;
  node.device = "sdb";
  EXPECT_EQ(node_text(node), "[2001:db8::1]:6200/sdb");
}

}  // namespace
}  // namespace ssync
