#include "worker/sender/receiver_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <atomic>
#include <csignal>
#include <future>
#include <optional>
#include <thread>

#include "common/os/errors.h"
#include "tests/unit/scripted_server.h"
#include "worker/sender/errors.h"

namespace ssync {
namespace {

using ::testing::StartsWith;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kShort{50};
const char kRequest[] = "SSYNC /sda1/7 HTTP/1.1\r\n\r\n";
// Of a body that ends with the connection.
const char kAccepted[] = "HTTP/1.1 200 OK\r\n\r\n";

class ReceiverConnectionTest : public ::testing::Test {
 protected:
  ~ReceiverConnectionTest() override {
    connection_.reset();
    if (server_) {
      EXPECT_EQ(server_->join(), "");
    }
  }

  void serve(ScriptedServer::Script script) { server_.emplace(std::move(script)); }

  ReceiverConnection& connect(Clock::duration timeout = seconds(20), BandwidthShare::Limits bandwidth = {}) {
    return connection_.emplace(
        address(), ConnectionLimits{.timeout = timeout, .bandwidth = std::move(bandwidth)}, *interruption_);
  }
  // The request was answered with a 200 by the server, which does this then.
  ReceiverConnection& accepted(const ScriptedServer::Script& then, Clock::duration timeout = seconds(20),
                               BandwidthShare::Limits bandwidth = {}) {
    serve([then](ServedConnection& server) {
      EXPECT_EQ(server.read_head(), kRequest);
      server.send(kAccepted);
      then(server);
    });
    ReceiverConnection& connection = connect(timeout, std::move(bandwidth));
    EXPECT_EQ(connection.request(kRequest).status, 200);
    return connection;
  }
  // For a server that is to wait for the end of a test.
  static void wait_for_the_client(ServedConnection& server) { server.read_to_end(); }

  [[nodiscard]] ReceiverAddress address() const {
    return {.host = "127.0.0.1", .port = server_->port(), .device = "sda1"};
  }
  [[nodiscard]] std::string peer() const { return "127.0.0.1:" + server_->port(); }

  // Until something is thrown, or for so long that nothing will be.
  static void write_on(ReceiverConnection& connection, std::string_view data) {
    for (const auto end = Clock::now() + seconds(20); Clock::now() < end;) {
      connection.write(data);
      connection.flush();
    }
  }
  // "ReceiverRefused: …", "ConnectionLost: …" or "Interrupted: …", by what the call throws; "nothing" else.
  static std::string thrown_by(const std::function<void()>& call) {
    try {
      call();
    } catch (const ReceiverRefused& refused) {
      return std::string("ReceiverRefused: ") + refused.what();
    } catch (const ConnectionLost& lost) {
      return std::string("ConnectionLost: ") + lost.what();
    } catch (const Interrupted& interrupted) {
      return std::string("Interrupted: ") + interrupted.what();
    }
    return "nothing";
  }

  std::optional<Interruption> interruption_{std::in_place};
  std::optional<ScriptedServer> server_;
  std::optional<ReceiverConnection> connection_;
};

std::string in_hex(std::size_t number) {
  std::array<char, 20> text{};
  std::snprintf(text.data(), text.size(), "%zx", number);
  return text.data();
}
std::string chunk(const std::string& data) { return in_hex(data.size()) + "\r\n" + data + "\r\n"; }

TEST_F(ReceiverConnectionTest, GathersWhatIsSmallAndChunksIt) {
  constexpr std::size_t kKibi = 1024;
  const std::string large(128 * kKibi, 'l');
  // Of small pieces that have so many bytes together.
  const auto pieces = [](std::size_t size) {
    std::vector<std::string> all(size / 1000, std::string(1000, 'a'));
    all.emplace_back(size % 1000, 'a');
    return all;
  };
  const auto chunk_of = [](std::size_t size) { return chunk(std::string(size, 'a')); };
  struct Case {
    const char* why;
    std::vector<std::string> writes;
    std::string sent;
  };
  const Case cases[] = {
      {"nothing", {}, ""},
      {"nothing in pieces", {"", ""}, ""},
      {"small pieces", {"ab", "", "c"}, chunk("abc")},
      {"a large piece after a small one", {"ab", large, "c"}, chunk("ab") + chunk(large) + chunk("c")},
      {"large pieces", {large, large}, chunk(large) + chunk(large)},
      {"as much as the first chunk has", pieces(8 * kKibi), chunk_of(8 * kKibi)},
      {"a byte more", pieces(8 * kKibi + 1), chunk_of(8 * kKibi) + chunk_of(1)},
      {"chunks that grow", pieces(2000 * kKibi),
       chunk_of(8 * kKibi) + chunk_of(16 * kKibi) + chunk_of(32 * kKibi) + chunk_of(64 * kKibi) +
           chunk_of(128 * kKibi) + chunk_of(256 * kKibi) + chunk_of(512 * kKibi) + chunk_of(512 * kKibi) +
           chunk_of(472 * kKibi)},
  };
  for (const Case& c : cases) {
    std::string sent;
    ReceiverConnection& connection = accepted([&](ServedConnection& server) { sent = server.read_to_end(); });
    for (const std::string& data : c.writes) connection.write(data);
    connection.flush();
    connection.flush();
    connection.finish();
    connection_.reset();
    EXPECT_EQ(server_->join(), "");
    EXPECT_TRUE(sent == c.sent + "0\r\n\r\n") << c.why << ": " << sent.size() << " bytes";
  }
}

TEST_F(ReceiverConnectionTest, SendsWhatWasWrittenBeforeWithTheRequestOrAfterIt) {
  using Written = ReceiverConnection::Written;
  for (const Written written : {Written::with_request, Written::later}) {
    const bool is_with_it = written == Written::with_request;
    serve([&](ServedConnection& server) {
      EXPECT_EQ(server.read_head(), kRequest);
      if (is_with_it) {
        EXPECT_EQ(server.read_to("early\r\n"), chunk("early"));
      } else {
        EXPECT_FALSE(server.hears_more());
      }
      server.send(kAccepted);
      EXPECT_EQ(server.read_to("0\r\n\r\n"), chunk(is_with_it ? "late" : "earlylate") + "0\r\n\r\n");
    });
    ReceiverConnection& connection = connect();
    connection.write("early");
    EXPECT_EQ(connection.request(kRequest, written).status, 200);
    connection.write("late");
    connection.finish();
    EXPECT_EQ(server_->join(), "");
    connection_.reset();
  }
}

TEST_F(ReceiverConnectionTest, KnowsWhatMayBeWrittenBeforeTheRequest) {
  serve([](ServedConnection& server) { EXPECT_EQ(server.read_to_end(), ""); });
  ReceiverConnection& connection = connect();
  EXPECT_FALSE(connection.is_to_ours());
  const std::size_t room = connection.room_beside_request();
  connection.write(std::string(100, 'x'));
  EXPECT_EQ(connection.room_beside_request(), room - 100);
  connection.write(std::string(room - 100, 'x'));
  EXPECT_EQ(connection.room_beside_request(), 0U);
  connection_.reset();
  EXPECT_EQ(server_->join(), "");
}

TEST_F(ReceiverConnectionTest, FlushesWhatWaitsOnlyAfterSeconds) {
  std::atomic<bool> has_heard = false;
  std::string sent;
  ReceiverConnection& connection = accepted([&](ServedConnection& server) {
    sent = server.read_some();
    has_heard = true;
    server.read_to_end();
  });
  const auto start = Clock::now();
  std::size_t written = 0;
  while (!has_heard && Clock::now() - start < seconds(20)) {
    connection.write("x");
    ++written;
    connection.flush_what_waits();
    std::this_thread::sleep_for(milliseconds(1));
  }
  EXPECT_GE(Clock::now() - start, seconds(2));
  const std::size_t size = sent.find("\r\n");
  ASSERT_NE(size, std::string::npos);
  EXPECT_LE(std::stoul(sent.substr(0, size), nullptr, 16), written) << "in one chunk";
  EXPECT_GT(std::stoul(sent.substr(0, size), nullptr, 16), 1U);
}

TEST_F(ReceiverConnectionTest, ReadsTheAnswersHead) {
  struct Case {
    const char* why;
    std::string answer;
    int status;
    std::string body;
  };
  const Case cases[] = {
      {"alone", "HTTP/1.1 507 Insufficient Storage\r\n\r\n", 507, ""},
      {"with headers and a body", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef", 200, "abc"},
      {"after one that is not the last",
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nab", 200, "ab"},
      {"with a chunked body",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\nmore", 200, "abc"},
  };
  for (const Case& c : cases) {
    // How it is cut makes no difference.
    for (const bool byte_by_byte : {false, true}) {
      SCOPED_TRACE(c.why);
      serve([&](ServedConnection& server) {
        server.read_head();
        const std::size_t piece = byte_by_byte ? 1 : c.answer.size();
        for (std::size_t at = 0; at < c.answer.size(); at += piece) server.send(c.answer.substr(at, piece));
        server.end_sending();
      });
      ReceiverConnection& connection = connect();
      EXPECT_EQ(connection.request(kRequest).status, c.status);
      EXPECT_EQ(connection.read_body(1000), c.body);
      EXPECT_EQ(connection.read_body(2), c.body.substr(0, 2));
    }
  }
}

// The receiver keeps the connection open.
TEST_F(ReceiverConnectionTest, KnowsTheEndOfABodyThatHasALength) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n";
  for (const bool at_once : {true, false}) {
    serve([&](ServedConnection& server) {
      server.read_head();
      server.send(at_once ? head + "abc" : head);
      if (!at_once) {
        server.read_to("go on");
        server.send("abc");
      }
      wait_for_the_client(server);
    });
    ReceiverConnection& connection = connect();
    connection.request(kRequest);
    if (at_once) {
      EXPECT_EQ(thrown_by([&] { connection.read_line("a line"); }),
                "ConnectionLost: " + peer() + " closed the connection before sending a line");
    } else {
      connection.write("go on");
      connection.flush();
      EXPECT_EQ(connection.read_body(1000), "abc");
    }
    connection_.reset();
    server_.reset();
  }
}

TEST_F(ReceiverConnectionTest, SaysWhatIsWrongWithAnAnswer) {
  struct Case {
    std::string answer;
    std::string thrown;  // PEER stands for it
  };
  const Case cases[] = {
      {"", "ConnectionLost: PEER closed the connection before sending a response"},
      {"HTTP/1.1 200 OK\r\nX: y\r\n", "ConnectionLost: PEER closed the connection before sending a response"},
      {"220 mail.example.org ESMTP\r\n\r\n",
       "ReceiverRefused: response is not HTTP: b'220 mail.example.org ESMTP'"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
       "ReceiverRefused: invalid chunk size in response: b'xyz\\r'"},
      {"HTTP/1.1 200 OK\r\nX: " + std::string(70000, 'x'), "ReceiverRefused: response headers are too long"},
  };
  for (const Case& c : cases) {
    serve([&](ServedConnection& server) {
      server.read_head();
      server.send(c.answer);
      server.end_sending();
      server.read_to_end();
    });
    ReceiverConnection& connection = connect();
    std::string expected = c.thrown;
    if (const std::size_t at = expected.find("PEER"); at != std::string::npos)
      expected.replace(at, 4, peer());
    EXPECT_EQ(thrown_by([&] { connection.request(kRequest); }), expected);
    connection_.reset();
    server_.reset();
  }
}

TEST_F(ReceiverConnectionTest, ReadsLinesOverTheBordersOfChunks) {
  serve([](ServedConnection& server) {
    server.read_head();
    server.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (const std::string part : {":MIS", "SING: START\r", "\nline\nlast", " line \r\n\r\n"}) {
      for (const char byte : chunk(part)) server.send({&byte, 1});
    }
    server.send("0\r\n\r\n");
    wait_for_the_client(server);
  });
  ReceiverConnection& connection = connect();
  connection.request(kRequest);
  EXPECT_EQ(connection.read_line("a line"), ":MISSING: START");
  EXPECT_EQ(connection.read_line("a line"), "line");
  EXPECT_EQ(connection.read_line("a line"), "last line");
  EXPECT_EQ(connection.read_line("a line"), "");
  EXPECT_FALSE(connection.has_line());
  EXPECT_EQ(thrown_by([&] { connection.read_line("one more"); }),
            "ConnectionLost: " + peer() + " closed the connection before sending one more");
}

TEST_F(ReceiverConnectionTest, HasALineOnceAllOfItWasReceived) {
  ReceiverConnection& connection = accepted([](ServedConnection& server) {
    server.send("one\r\ntwo\r\nthr");
    server.read_to("go on");
    server.send("ee\r\n");
    wait_for_the_client(server);
  });
  EXPECT_EQ(connection.read_line("a line"), "one");
  EXPECT_TRUE(connection.has_line());
  EXPECT_TRUE(connection.has_line()) << "as often as it is asked";
  EXPECT_EQ(connection.read_line("a line"), "two");
  EXPECT_FALSE(connection.has_line());
  connection.write("go on");
  connection.flush();
  EXPECT_EQ(connection.read_line("a line"), "three");
  EXPECT_FALSE(connection.has_line());
}

TEST_F(ReceiverConnectionTest, ALineThatDoesNotEndIsRefused) {
  ReceiverConnection& connection = accepted([](ServedConnection& server) {
    server.send(std::string(70000, 'x'));
    wait_for_the_client(server);
  });
  EXPECT_EQ(thrown_by([&] { connection.read_line("a line"); }),
            "ReceiverRefused: line from the receiver is too long");
}

// What the receiver said before it left counts more than that it left.
TEST_F(ReceiverConnectionTest, IsRefusedInTheReceiversWordsWhileItWrites) {
  struct Case {
    const char* why;
    std::string words;
    std::string thrown;
  };
  const Case cases[] = {
      {"a line", ":ERROR: 0 'no'\n", "ReceiverRefused: :ERROR: 0 'no'"},
      {"after other lines", "hash d\r\n\r\n:ERROR: 500 b'x'\r\n", "ReceiverRefused: :ERROR: 500 b'x'"},
      {"a line without an end", ":ERROR: 0 'cut", "ReceiverRefused: :ERROR: 0 'cut"},
      {"a long one", ":ERROR: " + std::string(3000, 'x') + "\n",
       "ReceiverRefused: :ERROR: " + std::string(1016, 'x')},
      {"no error", "hash d\r\n", "ConnectionLost: PEER closed the connection while data was being sent"},
      {"nothing", "", "ConnectionLost: PEER closed the connection while data was being sent"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.why);
    ReceiverConnection& connection = accepted([&](ServedConnection& server) {
      server.read_some();
      server.send(c.words);
      server.end_sending();
      server.read_to_end();
    });
    std::string expected = c.thrown;
    if (const std::size_t at = expected.find("PEER"); at != std::string::npos)
      expected.replace(at, 4, peer());
    EXPECT_EQ(thrown_by([&] { write_on(connection, "more"); }), expected);
    connection_.reset();
  }
}

// A receiver that closes with something unread resets the connection.
TEST_F(ReceiverConnectionTest, HearsTheLastWordsOnAConnectionThatIsReset) {
  ReceiverConnection& connection = accepted([&](ServedConnection& server) {
    server.read_to("begin");
    server.send(":ERROR: 0 'no'\n");
    server.close();
  });
  connection.write("begin");
  connection.flush();
  EXPECT_EQ(server_->join(), "");
  const std::string piece(std::size_t{1} << 20, 'x');
  EXPECT_EQ(thrown_by([&] { write_on(connection, piece); }), "ReceiverRefused: :ERROR: 0 'no'");
}

// Neither side reads before it has written all that it has: more than the sockets hold.
TEST_F(ReceiverConnectionTest, HearsWhileItWrites) {
  constexpr std::size_t kLines = 200000;
  const std::string piece(std::size_t{1} << 20, 'x');
  constexpr std::size_t kPieces = 16;
  std::size_t received = 0;
  ReceiverConnection& connection = accepted([&](ServedConnection& server) {
    std::string lines;
    for (std::size_t i = 0; i < kLines; ++i) lines += "a line of 33 bytes with its end\r\n";
    server.send(lines);
    received = server.read_to("0\r\n\r\n").size();
  });
  for (std::size_t i = 0; i < kPieces; ++i) connection.write(piece);
  connection.finish();
  for (std::size_t i = 0; i < kLines; ++i) {
    ASSERT_EQ(connection.read_line("a line"), "a line of 33 bytes with its end") << i;
  }
  EXPECT_EQ(server_->join(), "");
  EXPECT_GT(received, kPieces * piece.size());
}

TEST_F(ReceiverConnectionTest, SaysThatNobodyListens) {
  const LoopbackSocket silent;
  const ReceiverAddress address{.host = "127.0.0.1", .port = silent.port(), .device = "sda1"};
  EXPECT_EQ(thrown_by([&] { ReceiverConnection(address, {.timeout = seconds(20)}, *interruption_); }),
            "ConnectionLost: cannot connect to 127.0.0.1:" + silent.port() + ": Connection refused");
  const ReceiverAddress unknown{.host = "127.0.0.1", .port = "no such port", .device = "sda1"};
  EXPECT_THAT(thrown_by([&] { ReceiverConnection(unknown, {.timeout = seconds(20)}, *interruption_); }),
              StartsWith("ConnectionLost: 127.0.0.1:no such port: "));
}

// A listening socket whose queue is full answers nobody, as a machine that is down.
TEST_F(ReceiverConnectionTest, GivesUpConnectingAfterItsTime) {
  const LoopbackSocket full;
  full.listen(0);
  const ReceiverAddress address{.host = "127.0.0.1", .port = full.port(), .device = "sda1"};
  std::vector<Fd> queued;
  sockaddr_in socket_address{};
  socklen_t size = sizeof(socket_address);
  ASSERT_EQ(::getsockname(full.fd(), reinterpret_cast<sockaddr*>(&socket_address), &size), 0);
  for (bool is_full = false; !is_full;) {
    ASSERT_LT(queued.size(), 16U);
    queued.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    ::connect(queued.back().get(), reinterpret_cast<const sockaddr*>(&socket_address), size);
    pollfd connected{.fd = queued.back().get(), .events = POLLOUT, .revents = 0};
    is_full = ::poll(&connected, 1, 100) == 0;
  }
  const auto start = Clock::now();
  EXPECT_EQ(thrown_by([&] { ReceiverConnection(address, {.timeout = kShort}, *interruption_); }),
            "ConnectionLost: cannot connect to 127.0.0.1:" + full.port() + ": Connection timed out");
  EXPECT_GE(Clock::now() - start, kShort);
}

TEST_F(ReceiverConnectionTest, ASilentReceiverIsWaitedForAsLongAsItMay) {
  serve(wait_for_the_client);
  ReceiverConnection& connection = connect(kShort);
  const auto start = Clock::now();
  EXPECT_EQ(
      thrown_by([&] { connection.request(kRequest); }),
      "ConnectionLost: " + peer() + " timed out: sent nothing for 0.05 seconds while waiting for a response");
  EXPECT_GE(Clock::now() - start, kShort);
  EXPECT_EQ(thrown_by([&] { connection.read_line("what it wants"); }),
            "ConnectionLost: " + peer() +
                " timed out: sent nothing for 0.05 seconds while waiting for what it wants");
  EXPECT_EQ(connection.read_body(100), "");
}

TEST_F(ReceiverConnectionTest, AReceiverThatTakesNothingIsWaitedForAsLongAsItMay) {
  std::promise<void> done;
  ReceiverConnection& connection =
      accepted([future = done.get_future().share()](ServedConnection& /*server*/) { future.wait(); }, kShort);
  const std::string piece(std::size_t{1} << 20, 'x');
  EXPECT_EQ(thrown_by([&] { write_on(connection, piece); }),
            "ConnectionLost: " + peer() + " timed out: accepted no data for 0.05 seconds");
  done.set_value();
}

// Each byte that is taken or given begins the wait anew.
TEST_F(ReceiverConnectionTest, ASlowReceiverIsNotASilentOne) {
  static constexpr milliseconds kTimeout{1000};
  ReceiverConnection& connection = accepted(
      [](ServedConnection& server) {
        for (int i = 0; i < 6; ++i) {
          std::this_thread::sleep_for(kTimeout / 4);
          server.send("x");
        }
        server.send("\n");
        wait_for_the_client(server);
      },
      kTimeout);
  EXPECT_EQ(connection.read_line("a line"), "xxxxxx");
}

TEST_F(ReceiverConnectionTest, SendsNoFasterThanItMay) {
  constexpr std::int64_t kBytesPerSecond = 100000;
  constexpr std::size_t kBytes = 60000;
  std::size_t received = 0;
  ReceiverConnection& connection =
      accepted([&](ServedConnection& server) { received = server.read_to_end().size(); }, seconds(20),
               {std::make_shared<BandwidthLimit>(kBytesPerSecond)});
  const auto start = Clock::now();
  connection.write(std::string(kBytes, 'x'));
  connection.flush();
  // Not more than a quarter of a second's bytes leave at once, and the last ones are not waited for.
  EXPECT_GE(Clock::now() - start, milliseconds(350));
  connection.finish();
  connection_.reset();
  EXPECT_EQ(server_->join(), "");
  EXPECT_GT(received, kBytes);
}

TEST_F(ReceiverConnectionTest, HearsWhileItWaitsForItsAllowance) {
  ReceiverConnection& connection = accepted(
      [](ServedConnection& server) {
        server.read_some();
        server.send(":ERROR: 0 'no'\n");
        server.end_sending();
        server.read_to_end();
      },
      seconds(20), {std::make_shared<BandwidthLimit>(100)});
  // All of it would take more than a minute.
  const auto send = [&] {
    connection.write(std::string(10000, 'x'));
    connection.flush();
  };
  EXPECT_EQ(thrown_by(send), "ReceiverRefused: :ERROR: 0 'no'");
}

TEST_F(ReceiverConnectionTest, ReadsAsMuchOfABodyAsThereIsOrAsIsAskedFor) {
  const std::string page(100000, 'p');
  ReceiverConnection& connection = accepted(
      [page](ServedConnection& server) {
        server.send(page);
        wait_for_the_client(server);
      },
      milliseconds(200));
  EXPECT_EQ(connection.read_body(1024), page.substr(0, 1024));
  EXPECT_TRUE(connection.read_body(page.size()) == page);
  EXPECT_TRUE(connection.read_body(page.size() + 1) == page) << "what came before it fell silent";
}

TEST_F(ReceiverConnectionTest, IsInterruptedWhileItReads) {
  const std::pair<int, std::string> cases[] = {{SIGTERM, "Interrupted: terminated (SIGTERM)"},
                                               {SIGINT, "Interrupted: interrupted (SIGINT)"}};
  for (const auto& [signal, thrown] : cases) {
    // There is one in a process, and a signal that it has noticed stays.
    interruption_.reset();
    interruption_.emplace();
    ReceiverConnection& connection = accepted([signal = signal](ServedConnection& server) {
      server.read_to("listens");
      ::kill(::getpid(), signal);
      wait_for_the_client(server);
    });
    connection.write("listens");
    connection.flush();
    EXPECT_EQ(thrown_by([&] { connection.read_line("a line"); }), thrown);
    EXPECT_EQ(thrown_by([&] { connection.read_body(1); }), thrown);
    EXPECT_EQ(thrown_by([&] {
                connection.write("x");
                connection.flush();
              }),
              thrown);
    connection_.reset();
  }
}

TEST_F(ReceiverConnectionTest, IsInterruptedWhileItWrites) {
  std::promise<void> done;
  ReceiverConnection& connection = accepted([future = done.get_future().share()](ServedConnection& server) {
    server.read_to("begin");
    ::kill(::getpid(), SIGTERM);
    future.wait();
  });
  connection.write("begin");
  connection.flush();
  const std::string piece(std::size_t{1} << 20, 'x');
  EXPECT_EQ(thrown_by([&] { write_on(connection, piece); }), "Interrupted: terminated (SIGTERM)");
  done.set_value();
}

}  // namespace
}  // namespace ssync
