#include "worker/sender/kept_connections.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <future>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/scripted_server.h"
#include "worker/sender/errors.h"
#include "worker/sender/receiver_connection.h"

namespace ssync {
namespace {

using std::chrono::seconds;

const std::string kHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const std::string kEnd = "0\r\n\r\n";

class KeptConnectionsTest : public ::testing::Test {
 protected:
  PolledSocket connected(const ScriptedServer& server) {
    return {"127.0.0.1", server.port(), seconds(20), interruption_};
  }
  // Of a response with such a head, of which this was read.
  static HttpBodyDecoder decoder_of(const std::string& head, const std::string& read = "") {
    HttpBodyDecoder decoder(HttpResponseHead::parse(head.substr(0, head.size() - 4)));
    std::string body;
    decoder.decode(read, body);
    return decoder;
  }
  static void await(const PolledSocket& socket) {
    EXPECT_NE(socket.wait(POLLIN, PolledSocket::Clock::now() + seconds(20)), 0);
  }

  Interruption interruption_;
  KeptConnections kept_;
};

TEST_F(KeptConnectionsTest, NoneIsGivenTwice) {
  ScriptedServer server([](ServedConnection& client) { client.read_to_end(); });
  EXPECT_FALSE(kept_.take("a:1").has_value());
  PolledSocket socket = connected(server);
  const int fd = socket.get();
  kept_.keep("a:1", std::move(socket), HttpBodyDecoder::of_no_body());
  EXPECT_FALSE(kept_.take("a:2").has_value());
  const auto taken = kept_.take("a:1");
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(taken->socket.get(), fd);
  EXPECT_FALSE(taken->is_ours);
  EXPECT_FALSE(kept_.take("a:1").has_value());
}

TEST_F(KeptConnectionsTest, OnlyOneOnWhichNothingIsExpected) {
  struct Case {
    std::string read;  // of the answer's body, before it was kept
    std::string then;  // what comes after that
    bool is_given;
  };
  for (const Case& c : std::vector<Case>{{"", kEnd, true},
                                         {"1\r\na\r\n0\r\n", "\r\n", true},
                                         {"", "0\r\n", false},
                                         {"", kEnd + "HTTP/1.1 408 Request Timeout\r\n\r\n", false},
                                         {kEnd, "HTTP/1.1 408 Request Timeout\r\n\r\n", false},
                                         {"", "1\r\na\r\n" + kEnd, false},
                                         {"", "no chunk\r\n", false}}) {
    ScriptedServer server([&](ServedConnection& client) {
      client.send(c.then);
      client.read_to_end();
    });
    KeptConnections kept;
    PolledSocket socket = connected(server);
    await(socket);
    kept.keep("a:1", std::move(socket), decoder_of(kHead, c.read));
    EXPECT_EQ(kept.take("a:1").has_value(), c.is_given) << c.read << "|" << c.then;
  }
}

TEST_F(KeptConnectionsTest, OneWhoseAnswerHasNotEndedIsLeftForLater) {
  std::promise<void> may_end;
  ScriptedServer busy([&](ServedConnection& client) {
    may_end.get_future().wait();
    client.send(kEnd);
    client.read_to_end();
  });
  ScriptedServer idle([](ServedConnection& client) { client.read_to_end(); });
  PolledSocket first = connected(idle);
  PolledSocket second = connected(busy);
  const int first_fd = first.get();
  const int second_fd = second.get();
  kept_.keep("a:1", std::move(first), HttpBodyDecoder::of_no_body());
  kept_.keep("a:1", std::move(second), decoder_of(kHead));
  EXPECT_EQ(kept_.take("a:1")->socket.get(), first_fd);
  EXPECT_FALSE(kept_.take("a:1").has_value());
  may_end.set_value();
  std::optional<KeptConnections::Taken> later;
  for (const auto end = PolledSocket::Clock::now() + seconds(20);
       !later && PolledSocket::Clock::now() < end;) {
    later = kept_.take("a:1");
  }
  ASSERT_TRUE(later.has_value());
  EXPECT_EQ(later->socket.get(), second_fd);
}

TEST_F(KeptConnectionsTest, OneThatIsClosedIsForgotten) {
  ScriptedServer server([](ServedConnection& client) { client.close(); });
  PolledSocket socket = connected(server);
  await(socket);
  kept_.keep("a:1", std::move(socket), HttpBodyDecoder::of_no_body());
  EXPECT_FALSE(kept_.take("a:1").has_value());
}

// What a session says, over whatever connection it gets.
const std::string kRequest = "SSYNC /sda1/7 HTTP/1.1\r\n\r\n";

class SecondRequestTest : public KeptConnectionsTest {
 protected:
  ReceiverConnection connection_to(const ScriptedServer& server, KeptConnections& kept) {
    return {{.host = "127.0.0.1", .port = server.port(), .device = "sda1"},
            {.timeout = seconds(20)},
            interruption_,
            {},
            &kept};
  }
};

TEST_F(SecondRequestTest, GoesOverTheSameConnection) {
  ScriptedServer server([](ServedConnection& client) {
    for (int times = 0; times < 2; ++times) {
      EXPECT_EQ(client.read_head(), kRequest);
      client.send(kHead + "4\r\nend\n\r\n");
      EXPECT_EQ(client.read_to("0\r\n\r\n"), "4\r\nlast\r\n0\r\n\r\n");
      client.send(kEnd);
    }
    EXPECT_EQ(client.read_to_end(), "");
  });
  for (int times = 0; times < 2; ++times) {
    ReceiverConnection connection = connection_to(server, kept_);
    connection.request(kRequest);
    EXPECT_EQ(connection.read_line("end"), "end");
    connection.write("last");
    connection.finish();
    connection.give_back();
    // Its end is on its way, and the second one must find it.
    const std::string peer = "127.0.0.1:" + server.port();
    for (const auto end = PolledSocket::Clock::now() + seconds(20); PolledSocket::Clock::now() < end;) {
      if (auto taken = kept_.take(peer)) {
        EXPECT_TRUE(taken->is_ours) << "only receivers of ours have sessions' connections kept";
        kept_.keep(peer, std::move(taken->socket), HttpBodyDecoder::of_no_body());
        break;
      }
    }
  }
  kept_.take("127.0.0.1:" + server.port());
  EXPECT_EQ(server.join(), "");
}

TEST_F(SecondRequestTest, GoesOverANewOneIfTheKeptOneIsClosedBeforeTheAnswer) {
  ScriptedServer closing([](ServedConnection& client) {
    client.read_head();
    client.close();
  });
  ScriptedServer server([](ServedConnection& client) {
    EXPECT_EQ(client.read_head(), kRequest);
    client.send(kHead);
    client.read_to_end();
  });
  kept_.keep("127.0.0.1:" + server.port(), connected(closing), HttpBodyDecoder::of_no_body());
  EXPECT_EQ(connection_to(server, kept_).request(kRequest).status, 200);
  EXPECT_EQ(server.join(), "");
}

TEST_F(SecondRequestTest, IsNotRepeatedOnceItsAnswerHasBegun) {
  ScriptedServer closing([](ServedConnection& client) {
    client.read_head();
    client.send("HTTP/1.1 2");
    client.close();
  });
  const ScriptedServer server([](ServedConnection&) { ADD_FAILURE() << "was asked again"; });
  kept_.keep("127.0.0.1:" + server.port(), connected(closing), HttpBodyDecoder::of_no_body());
  EXPECT_THROW(connection_to(server, kept_).request(kRequest), ConnectionLost);
}

TEST_F(SecondRequestTest, NeedsAnAnswerThatLeavesTheConnectionOpen) {
  for (const std::string head : {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n",
                                 "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"}) {
    ScriptedServer server([&](ServedConnection& client) {
      client.read_head();
      client.send(head);
      EXPECT_EQ(client.read_to("0\r\n\r\n"), "0\r\n\r\n");
      client.send("x\n");
      EXPECT_EQ(client.read_to_end(), "");
    });
    KeptConnections kept;
    {
      ReceiverConnection connection = connection_to(server, kept);
      connection.request(kRequest);
      connection.finish();
      EXPECT_EQ(connection.read_line("x"), "x");
      connection.give_back();
    }
    EXPECT_FALSE(kept.take("127.0.0.1:" + server.port()).has_value()) << head;
  }
}

}  // namespace
}  // namespace ssync
