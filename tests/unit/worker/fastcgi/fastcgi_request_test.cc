#include "worker/fastcgi/fastcgi_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <thread>

#include "common/os/errors.h"
#include "tests/unit/worker/fastcgi/fastcgi_peer.h"
#include "worker/request/errors.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Clock = std::chrono::steady_clock;

constexpr double kPatience = 20;  // seconds, that no test is to wait
constexpr double kShort = 0.05;
const std::string kInputEnd = FastCgiPeer::input("");

// The protocol statuses of an END_REQUEST.
constexpr int kComplete = 0;
constexpr int kCannotMultiplex = 1;

class FastCgiRequestTest : public ::testing::Test {
 protected:
  FastCgiRequest& with(FastCgiRequest::Limits limits) {
    return request_.emplace(listener_.fd(), std::move(limits));
  }
  FastCgiRequest& with(double client_timeout = kPatience) {
    return with(FastCgiRequest::Limits{.client_timeout = client_timeout, .interrupted = {}});
  }
  // A request whose head, and these bytes after it, have come.
  FastCgiRequest& accepted(std::string_view bytes, double client_timeout = kPatience) {
    return accepted(bytes, FastCgiRequest::Limits{.client_timeout = client_timeout, .interrupted = {}});
  }
  FastCgiRequest& accepted(std::string_view bytes, FastCgiRequest::Limits limits) {
    FastCgiRequest& request = with(std::move(limits));
    peer_.send_raw(FastCgiPeer::head() + std::string(bytes));
    EXPECT_TRUE(request.accept());
    return request;
  }

  // "ClientGone: …", "ClientTimeout: …" or "Interrupted: …", by what the call throws; "nothing" else.
  static std::string thrown_by(const std::function<void()>& call) {
    try {
      call();
    } catch (const ClientTimeout& timeout) {
      return std::string("ClientTimeout: ") + timeout.what();
    } catch (const ClientGone& gone) {
      return std::string("ClientGone: ") + gone.what();
    } catch (const Interrupted& interrupted) {
      return std::string("Interrupted: ") + interrupted.what();
    }
    return "nothing";
  }

  FastCgiListener listener_;
  FastCgiPeer peer_{listener_};
  // Goes first: it waits until the peer has closed.
  std::optional<FastCgiRequest> request_;

  // For a request that is not ended by its test.
  ~FastCgiRequestTest() override {
    peer_.close();
    request_.reset();
  }
};

std::vector<std::string> lines_of(FastCgiRequest& request) {
  std::vector<std::string> lines;
  for (;;) {
    const std::string_view line = request.read_line("line");
    if (line.empty()) return lines;
    lines.emplace_back(line);
  }
}

TEST_F(FastCgiRequestTest, HasItsParameters) {
  const std::string longer(300, 'v');
  const FastCgiPeer::Params params{{"REQUEST_METHOD", "SSYNC"},
                                   {"EMPTY", ""},
                                   {"HTTP_X", "one"},
                                   {"HTTP_X_LONGER", "another"},
                                   {"HTTP_X", "two=2"},
                                   {std::string(200, 'N'), longer},
                                   {"HTTP_X", ""}};
  FastCgiRequest& request = with();
  peer_.send_raw(FastCgiPeer::head(params) + kInputEnd);
  ASSERT_TRUE(request.accept());
  EXPECT_EQ(request.param("REQUEST_METHOD"), "SSYNC");
  EXPECT_EQ(request.param("EMPTY"), "");
  EXPECT_EQ(request.param("HTTP_X"), "one,two=2,");
  EXPECT_EQ(request.param(std::string(200, 'N').c_str()), longer);
  EXPECT_EQ(request.param("HTTP"), std::nullopt);
  EXPECT_EQ(request.param("request_method"), std::nullopt);
}

TEST_F(FastCgiRequestTest, TakesParametersThatAreCutIntoRecords) {
  const std::string content = FastCgiPeer::encoded({{"ONE", "1"}, {"TWO", std::string(200, '2')}});
  std::string bytes = FastCgiPeer::begin();
  for (const char byte : content) bytes += FastCgiPeer::record(RecordType::params, {&byte, 1});
  FastCgiRequest& request = with();
  peer_.send_raw(bytes + FastCgiPeer::record(RecordType::params, "") + kInputEnd);
  ASSERT_TRUE(request.accept());
  EXPECT_EQ(request.param("ONE"), "1");
  EXPECT_EQ(request.param("TWO"), std::string(200, '2'));
}

TEST_F(FastCgiRequestTest, ReadsLinesHoweverTheyAreCut) {
  const std::string longer = std::string(20000, 'x') + "\r\n";  // than a buffer of libfcgi
  const std::vector<std::string> lines{"one\r\n", "\n", longer, "two\n", longer + "", "\r\n"};
  std::string body;
  for (const std::string& line : lines) body += line;
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{8191}, body.size()}) {
    for (const int padding : {0, 7, 255}) {
      SCOPED_TRACE(std::to_string(piece) + " bytes and a padding of " + std::to_string(padding));
      std::string bytes = FastCgiPeer::head();
      for (std::size_t at = 0; at < body.size(); at += piece) {
        bytes += FastCgiPeer::record(static_cast<int>(RecordType::input), body.substr(at, piece),
                                     FastCgiPeer::kRequestId, padding);
      }
      bytes += kInputEnd;
      FastCgiPeer peer(listener_);
      FastCgiRequest& request = with();
      // More than a socket takes while nobody reads.
      std::thread sending([&] {
        const BlockedSignals signals;
        peer.send_raw(bytes);
      });
      // The connection that the fixture makes for other tests comes before.
      peer_.close();
      while (!request.accept()) {
      }
      EXPECT_EQ(lines_of(request), lines);
      sending.join();
      auto response = peer.collect();
      request.finish();
      EXPECT_THAT(response.get().ends, ElementsAre(kComplete));
    }
  }
}

TEST_F(FastCgiRequestTest, ReadsPiecesUpToTheLimitBetweenLines) {
  FastCgiRequest& request =
      accepted(FastCgiPeer::input("line\nbody") + FastCgiPeer::input(" and more\nline 2\n") + kInputEnd);
  EXPECT_EQ(request.read_line("line"), "line\n");
  std::string body;
  while (body.size() < 14) {
    const std::string_view piece = request.read_some(14 - body.size(), "content");
    ASSERT_FALSE(piece.empty());
    body += piece;
  }
  EXPECT_EQ(body, "body and more\n");
  EXPECT_EQ(request.read_some(1, "content"), "l");
  EXPECT_EQ(request.read_line("line"), "ine 2\n");
  EXPECT_EQ(request.read_line("line"), "");
}

TEST_F(FastCgiRequestTest, ALineIsNoLongerThanTheLimit) {
  constexpr std::size_t kMaxLine = 9000;  // which begins in one of libfcgi's buffers and ends in another
  struct Case {
    std::size_t size;  // with the newline, or of all there is without one
    bool has_newline;
    const char* thrown;
  };
  const char kMissing[] = "ClientGone: read failed: updates line: missing newline";
  const Case cases[] = {{kMaxLine, true, "nothing"},       {kMaxLine + 1, true, kMissing},
                        {kMaxLine + 9000, true, kMissing}, {kMaxLine, false, kMissing},
                        {kMaxLine + 1, false, kMissing},   {1, false, kMissing}};
  for (const Case& c : cases) {
    FastCgiPeer peer(listener_);
    peer_.close();
    std::string line(c.size, 'x');
    if (c.has_newline) line.back() = '\n';
    peer.send_raw(FastCgiPeer::head() + FastCgiPeer::input(line) + kInputEnd);
    FastCgiRequest& request = with({.client_timeout = kPatience, .max_line = kMaxLine, .interrupted = {}});
    while (!request.accept()) {
    }
    std::string read;
    EXPECT_EQ(thrown_by([&] { read = request.read_line("updates line"); }), c.thrown) << c.size;
    if (std::string_view(c.thrown) == "nothing") {
      EXPECT_EQ(read, line);
    }
    peer.close();
    request.cut();
  }
}

// Only the empty record says that the sender's last chunk came.
TEST_F(FastCgiRequestTest, TellsACleanEndFromACutConnection) {
  const char kClosed[] = ": connection closed before the end of the body";
  struct Case {
    const char* why;
    std::string bytes;
    std::string of_read_line;
    std::string of_read_some;
  };
  const std::string half = FastCgiPeer::record(static_cast<int>(RecordType::input), "hal", 1, 0, 100);
  const Case cases[] = {
      {"the last chunk came", kInputEnd, "nothing", "ClientGone: read failed: Early termination for context"},
      {"no record", "", std::string("ClientGone: read failed: context") + kClosed,
       std::string("ClientGone: read failed: context") + kClosed},
      {"in a record's head", kInputEnd.substr(0, 5),
       std::string("ClientGone: read failed: context") + kClosed,
       std::string("ClientGone: read failed: context") + kClosed},
      {"in a record's content", half, std::string("ClientGone: read failed: context") + kClosed, "nothing"},
      {"in a line", FastCgiPeer::input("hal"), std::string("ClientGone: read failed: context") + kClosed,
       "nothing"},
      {"in a line, at a clean end", FastCgiPeer::input("hal") + kInputEnd,
       "ClientGone: read failed: context: missing newline", "nothing"},
  };
  for (const Case& c : cases) {
    for (const bool by_line : {true, false}) {
      SCOPED_TRACE(std::string(c.why) + (by_line ? ", read_line" : ", read_some"));
      FastCgiPeer peer(listener_);
      peer_.close();
      peer.send_raw(FastCgiPeer::head() + c.bytes);
      FastCgiRequest& request = with();
      while (!request.accept()) {
      }
      peer.close();
      if (by_line) {
        EXPECT_EQ(thrown_by([&] { request.read_line("context"); }), c.of_read_line);
      } else {
        EXPECT_EQ(thrown_by([&] { request.read_some(100, "context"); }), c.of_read_some);
      }
      request.cut();
    }
  }
}

TEST_F(FastCgiRequestTest, TheCleanEndStays) {
  FastCgiRequest& request = accepted(FastCgiPeer::input("a\n") + kInputEnd);
  EXPECT_EQ(request.read_line("line"), "a\n");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(request.read_line("line"), "");
}

TEST_F(FastCgiRequestTest, ASilentSenderTimesOutAndNotBefore) {
  const std::pair<double, std::string> cases[] = {{kShort, "0.05 seconds: "}, {1.0, "1.0 second: "}};
  for (const auto& [timeout, text] : cases) {
    FastCgiPeer peer(listener_);
    peer_.close();
    peer.send_raw(FastCgiPeer::head() + FastCgiPeer::input("line\nbegun"));
    FastCgiRequest& request = with(timeout);
    while (!request.accept()) {
    }
    EXPECT_EQ(request.read_line("line"), "line\n");
    const auto start = Clock::now();
    EXPECT_EQ(thrown_by([&] { request.read_line("updates line"); }),
              "ClientTimeout: " + text + "updates line");
    EXPECT_GE(Clock::now() - start, std::chrono::duration<double>(timeout));
    peer.close();
    request.cut();
  }
}

TEST_F(FastCgiRequestTest, ASilentSenderOfABodyTimesOut) {
  FastCgiRequest& request = accepted("", kShort);
  EXPECT_EQ(thrown_by([&] { request.read_some(1, "updates content"); }),
            "ClientTimeout: 0.05 seconds: updates content");
}

// One that says a byte now and then has the time for the whole line, and no more.
TEST_F(FastCgiRequestTest, ALineThatDripsTimesOut) {
  FastCgiRequest& request = accepted("", 0.2);
  std::atomic<bool> stop = false;
  std::thread dripping([&] {
    const BlockedSignals signals;
    for (int i = 0; i < 1000 && !stop; ++i) {
      peer_.send_raw(FastCgiPeer::input("x"));
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    peer_.send_raw(FastCgiPeer::input("\n"));
  });
  EXPECT_EQ(thrown_by([&] { request.read_line("updates line"); }),
            "ClientTimeout: 0.2 seconds: updates line");
  stop = true;
  dripping.join();
}

TEST_F(FastCgiRequestTest, AReadIsInterruptedAlsoIfThereIsSomethingToRead) {
  std::atomic<bool> interrupted = false;
  FastCgiRequest& request =
      accepted(FastCgiPeer::input("one\ntwo\n") + kInputEnd,
               {.client_timeout = kPatience, .interrupted = [&] { return interrupted.load(); }});
  EXPECT_EQ(request.read_line("line"), "one\n");
  interrupted = true;
  EXPECT_EQ(thrown_by([&] { request.read_line("line"); }), "Interrupted: worker is stopping");
  EXPECT_EQ(thrown_by([&] { request.read_some(1, "content"); }), "Interrupted: worker is stopping");
}

TEST_F(FastCgiRequestTest, ABlockedReadIsInterruptedByASignal) {
  // False when the read begins, so that it blocks; true when a signal has ended it.
  int asked = 0;
  FastCgiRequest& request =
      accepted("", {.client_timeout = kPatience, .interrupted = [&] { return asked++ != 0; }});
  const pthread_t reading = ::pthread_self();
  std::atomic<bool> stop = false;
  std::thread signalling([&] {
    const BlockedSignals signals;
    // Again and again, because one that comes before the read has no effect.
    while (!stop) {
      ::pthread_kill(reading, SIGALRM);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  const auto start = Clock::now();
  EXPECT_EQ(thrown_by([&] { request.read_line("line"); }), "Interrupted: worker is stopping");
  stop = true;
  signalling.join();
  EXPECT_LT(Clock::now() - start, std::chrono::duration<double>(kPatience));
}

TEST_F(FastCgiRequestTest, IsWaitingOnlyWhileNothingIsHere) {
  FastCgiRequest& request = accepted("");
  EXPECT_TRUE(request.is_waiting());
  peer_.send_raw(FastCgiPeer::input("one\ntwo\n"));
  EXPECT_FALSE(request.is_waiting()) << "in the socket";
  EXPECT_EQ(request.read_line("line"), "one\n");
  EXPECT_FALSE(request.is_waiting()) << "in the buffer";
  EXPECT_EQ(request.read_line("line"), "two\n");
  EXPECT_TRUE(request.is_waiting());
  peer_.send_raw(kInputEnd);
  EXPECT_FALSE(request.is_waiting()) << "the end is here";
  EXPECT_EQ(request.read_line("line"), "");
  EXPECT_FALSE(request.is_waiting()) << "nothing more will come";
}

TEST_F(FastCgiRequestTest, OnlyFinishEndsTheResponseAsAWholeOne) {
  // nginx asks for connections that are kept, and each is closed all the same.
  for (const bool keep_connection : {false, true}) {
    for (const std::string end : {"finish", "cut", "destructor"}) {
      SCOPED_TRACE(end);
      FastCgiPeer peer(listener_);
      peer_.close();
      peer.send_raw(FastCgiPeer::head({{"A", "b"}}, keep_connection) + FastCgiPeer::input("unread\n"));
      FastCgiRequest& request = with();
      while (!request.accept()) {
      }
      request.write("Status: 200 OK\r\n\r\n");
      request.flush();
      request.write("not flushed");
      auto response = peer.collect();
      if (end == "finish") {
        request.finish();
      } else if (end == "cut") {
        request.cut();
        request.cut();
      } else {
        request_.reset();
      }
      const FastCgiResponse got = response.get();
      EXPECT_EQ(got.output, "Status: 200 OK\r\n\r\nnot flushed");
      // Or else the worker would be deaf to whoever else asks.
      EXPECT_TRUE(got.was_closed);
      if (end == "finish") {
        EXPECT_THAT(got.ends, ElementsAre(kComplete));
      } else {
        EXPECT_THAT(got.ends, IsEmpty());
      }
    }
  }
}

TEST_F(FastCgiRequestTest, FlushedOutputLeavesAtOnce) {
  FastCgiRequest& request = accepted("");
  request.write("said");
  request.flush();
  // The peer answers only once it has heard it.
  std::thread peer([&] {
    const BlockedSignals signals;
    peer_.await_output("said");
    peer_.send_raw(FastCgiPeer::input("heard\n"));
  });
  EXPECT_EQ(request.read_line("line"), "heard\n");
  peer.join();
}

TEST_F(FastCgiRequestTest, SendsWhatIsLargerThanARecord) {
  FastCgiRequest& request = accepted(kInputEnd);
  std::string large;
  for (int i = 0; large.size() < 3000000; ++i) large += std::to_string(i) + ",";
  auto response = peer_.collect();
  request.write(large);
  request.finish();
  const FastCgiResponse got = response.get();
  EXPECT_TRUE(got.output == large) << got.output.size();
  EXPECT_THAT(got.ends, ElementsAre(kComplete));
}

TEST_F(FastCgiRequestTest, WritingToNobodyFails) {
  FastCgiRequest& request = accepted(kInputEnd);
  peer_.close();
  const auto write = [&] {
    request.write("Status: 200 OK\r\n\r\n");
    request.flush();
  };
  EXPECT_EQ(thrown_by(write), "ClientGone: cannot write the response");
}

TEST_F(FastCgiRequestTest, WritingToWhomeverReadsNothingFailsAfterTheTimeout) {
  FastCgiRequest& request = accepted(kInputEnd, kShort);
  const auto start = Clock::now();
  EXPECT_EQ(thrown_by([&] { request.write(std::string(std::size_t{1} << 24, 'x')); }),
            "ClientGone: cannot write the response");
  EXPECT_GE(Clock::now() - start, std::chrono::duration<double>(kShort));
}

// All of it takes longer than the timeout, but no piece of it does.
TEST_F(FastCgiRequestTest, AReaderThatIsOnlySlowIsWaitedFor) {
  constexpr double kTimeout = 0.3;
  FastCgiRequest& request = accepted(kInputEnd, kTimeout);
  const std::string large(std::size_t{5} << 20, 'x');
  auto response = peer_.collect(std::chrono::milliseconds(10));
  const auto start = Clock::now();
  EXPECT_EQ(thrown_by([&] { request.write(large); }), "nothing");
  EXPECT_GE(Clock::now() - start, std::chrono::duration<double>(kTimeout));
  request.finish();
  EXPECT_EQ(response.get().output.size(), large.size());
}

TEST_F(FastCgiRequestTest, ABlockedWriteIsInterrupted) {
  FastCgiRequest& request =
      accepted(kInputEnd, {.client_timeout = kShort, .interrupted = [] { return true; }});
  EXPECT_EQ(thrown_by([&] { request.write(std::string(std::size_t{1} << 24, 'x')); }),
            "Interrupted: worker is stopping");
}

TEST_F(FastCgiRequestTest, TakesOneRequestAfterTheOther) {
  FastCgiRequest& request = accepted(FastCgiPeer::input("unread\n"));
  peer_.close();
  request.cut();
  EXPECT_FALSE(request.accept()) << "nobody waits";
  for (int i = 0; i < 3; ++i) {
    FastCgiPeer peer(listener_);
    const std::string number = std::to_string(i);
    peer.send_raw(FastCgiPeer::head({{"NUMBER", number}}) + FastCgiPeer::input(number + "\n") + kInputEnd);
    ASSERT_TRUE(request.accept());
    EXPECT_EQ(request.param("NUMBER"), number);
    EXPECT_EQ(request.read_line("line"), number + "\n");
    EXPECT_EQ(request.read_line("line"), "");
    request.write("answer " + number);
    auto response = peer.collect();
    request.finish();
    EXPECT_EQ(response.get().output, "answer " + number);
  }
}

TEST_F(FastCgiRequestTest, TakesNoRequestOfWhoeverSendsNone) {
  std::string lying_params = FastCgiPeer::begin();
  lying_params +=
      FastCgiPeer::record(RecordType::params, "\x05\x64short") + FastCgiPeer::record(RecordType::params, "");
  struct Case {
    const char* why;
    std::string bytes;
  };
  const Case cases[] = {
      {"nothing", ""},
      {"half a head", FastCgiPeer::begin().substr(0, 4)},
      {"no parameters", FastCgiPeer::begin()},
      {"half the parameters", FastCgiPeer::begin() + FastCgiPeer::record(RecordType::params, "\x01\x01")},
      {"parameters that are longer than they are", lying_params},
      {"HTTP", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"},
      {"another version", FastCgiPeer::record(1, std::string(8, '\0'), 1, 0, -1, 2)},
      {"a body without a head", FastCgiPeer::input("line\n")},
      {"all zero", std::string(4096, '\0')},
      {"all ones", std::string(4096, '\xff')},
  };
  peer_.close();
  FastCgiRequest& request = with();
  EXPECT_FALSE(request.accept());
  for (const Case& c : cases) {
    FastCgiPeer peer(listener_);
    peer.send_raw(c.bytes);
    peer.close();
    EXPECT_FALSE(request.accept()) << c.why;
  }
  FastCgiPeer peer(listener_);
  peer.send_raw(FastCgiPeer::head({{"A", "b"}}) + kInputEnd);
  ASSERT_TRUE(request.accept()) << "as if they had not been there";
  EXPECT_EQ(request.param("A"), "b");
  peer.close();
  request.cut();
}

TEST_F(FastCgiRequestTest, WhoeverConnectsAndIsSilentIsNotWaitedFor) {
  FastCgiRequest& request = with(kShort);
  peer_.send_raw(FastCgiPeer::begin());
  auto response = peer_.collect();
  const auto start = Clock::now();
  EXPECT_FALSE(request.accept());
  EXPECT_GE(Clock::now() - start, std::chrono::duration<double>(kShort));
  EXPECT_THAT(response.get().ends, IsEmpty());
}

// Not management records: libfcgi leaks memory at those that it does not know, and takes their content for
// the body's. Nobody but nginx, which sends none, is let at the socket.
TEST_F(FastCgiRequestTest, PassesRecordsOverThatAreOfAnotherRequest) {
  const std::string others = FastCgiPeer::record(static_cast<int>(RecordType::input), "another's\n", 2, 3) +
                             FastCgiPeer::record(RecordType::abort_request, "", 7) +
                             FastCgiPeer::record(200, std::string(20000, 'x'), 0x0100) +
                             FastCgiPeer::begin(false, 1, 2);
  FastCgiRequest& request =
      accepted(FastCgiPeer::input("on") + others + FastCgiPeer::input("e\ntwo\n") + others + kInputEnd);
  EXPECT_THAT(lines_of(request), ElementsAre("one\n", "two\n"));
  auto response = peer_.collect();
  request.finish();
  // Two at a time is more than libfcgi can.
  EXPECT_THAT(response.get().ends, ElementsAre(kCannotMultiplex, kCannotMultiplex, kComplete));
}

TEST_F(FastCgiRequestTest, ARecordThatCannotBeOfItsBodyEndsIt) {
  struct Case {
    const char* why;
    std::string record;
  };
  const Case cases[] = {
      {"abort", FastCgiPeer::record(RecordType::abort_request, "")},
      {"parameters after their end", FastCgiPeer::record(RecordType::params, "")},
      {"a type that there is not", FastCgiPeer::record(200, "x")},
      {"another version", FastCgiPeer::record(static_cast<int>(RecordType::input), "x\n", 1, 0, -1, 9)},
      {"a length that reaches into the next record",
       FastCgiPeer::record(static_cast<int>(RecordType::input), "x", 1, 0, 3)},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.why);
    FastCgiPeer peer(listener_);
    peer_.close();
    peer.send_raw(FastCgiPeer::head() + FastCgiPeer::input("one\n") + c.record +
                  FastCgiPeer::input("no line for what comes next") + kInputEnd);
    FastCgiRequest& request = with();
    while (!request.accept()) {
    }
    EXPECT_EQ(request.read_line("line"), "one\n");
    peer.shut_down_sending();
    EXPECT_THAT(thrown_by([&] {
                  while (!request.read_line("line").empty()) {
                  }
                }),
                ::testing::StartsWith("ClientGone: read failed: line: "));
    auto response = peer.collect();
    request.cut();
    EXPECT_THAT(response.get().ends, IsEmpty());
  }
}

}  // namespace
}  // namespace ssync
