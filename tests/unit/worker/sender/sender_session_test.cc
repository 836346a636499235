#include "worker/sender/sender_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <optional>
#include <stdexcept>
#include <utility>

#include "common/os/errors.h"
#include "common/os/md5.h"
#include "common/python/hex.h"
#include "tests/unit/scripted_server.h"
#include "worker/sender/errors.h"
#include "worker/sender/http_response.h"
#include "worker/sender/kept_connections.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using Phase = SenderProgress::Phase;

const char kTime[] = "1700000001.00000";
const char kAccepted[] = "HTTP/1.1 200 OK\r\nX-Backend-Accept-No-Commit: True\r\n\r\n\r\n";
const char kNothingWanted[] = ":MISSING_CHECK: START\r\n\r\n:MISSING_CHECK: END\r\n";
const char kDone[] = ":UPDATES: START\r\n:UPDATES: END\r\n";

ObjectHash hash_of(std::size_t number) { return md5_digest(std::to_string(number)); }
std::string hex_of(std::size_t number) { return python::to_hex(hash_of(number)); }

// As many objects as it is told, each of which is sent as one line that says what was wanted.
class NumberedObjects final : public ObjectSource {
 public:
  explicit NumberedObjects(std::size_t count) : count_(count) {}

  bool next(Offer& offer, UpdateCounts& /*counts*/) override {
    if (offered_ == count_) return false;
    offer = Offer::of(hash_of(offered_++), Timestamp::parse(kTime));
    return true;
  }
  [[nodiscard]] double share_offered() const override {
    return static_cast<double>(offered_) / static_cast<double>(count_);
  }
  void send(std::size_t number, const ObjectHash& hash, WantedParts wanted, UpdateOutput& output) override {
    EXPECT_EQ(hash, hash_of(number));
    const std::string parts = std::string(wanted.data ? "d" : "") + (wanted.meta ? "m" : "");
    output.put("PUT " + std::to_string(number) + " " + parts + "\r\n", 0);
    if (during_send) during_send();
  }

  // What happens while an object is being sent.
  std::function<void()> during_send;

 private:
  std::size_t count_;
  std::size_t offered_ = 0;
};

class SenderSessionTest : public ::testing::Test {
 protected:
  // Runs a session with a server that does this. "done", or what was thrown.
  std::string run(ScriptedServer::Script script) {
    ScriptedServer server(std::move(script));
    peer_ = "127.0.0.1:" + server.port();
    job_.receiver = {.host = "127.0.0.1", .port = server.port(), .device = "sda1"};
    phases_.clear();
    std::string result;
    {
      const Interruption interruption;
      if (before_) before_(server, interruption);
      SenderSession session(job_, interruption, [this](const SenderProgress& progress) {
        if (phases_.empty() || phases_.back() != progress.phase) phases_.push_back(progress.phase);
        EXPECT_GE(progress.share, 0);
        EXPECT_LE(progress.share, 1);
      });
      NumberedObjects source(count_);
      source.during_send = during_send_;
      result = outcome_of(session, source);
      progress_ = session.progress();
      held_ = session.held();
    }
    EXPECT_EQ(server.join(), "");
    return result;
  }
  std::string outcome_of(SenderSession& session, ObjectSource& source) {
    accepts_no_commit_.reset();
    try {
      session.run([&](bool accepts_no_commit) -> ObjectSource& {
        accepts_no_commit_ = accepts_no_commit;
        return source;
      });
    } catch (const ReceiverBusy& busy) {
      return std::string("ReceiverBusy: ") + busy.what();
    } catch (const ReceiverRefused& refused) {
      return std::string("ReceiverRefused: ") + refused.what();
    } catch (const ConnectionLost& lost) {
      return std::string("ConnectionLost: ") + lost.what();
    } catch (const Interrupted& interrupted) {
      return std::string("Interrupted: ") + interrupted.what();
    }
    return "done";
  }

  // The session gets a connection to this server, or to the one that it is run with, that was kept.
  void keep_connection(const ScriptedServer* other = nullptr, bool is_ours = true) {
    job_.kept_connections = &kept_;
    before_ = [this, other, is_ours](const ScriptedServer& server, const Interruption& interruption) {
      const std::string& port = (other == nullptr ? server : *other).port();
      kept_.keep(peer_, PolledSocket("127.0.0.1", port, std::chrono::seconds(20), interruption),
                 HttpBodyDecoder::of_no_body(), is_ours);
    };
  }

  // A receiver that answers the request, the missing check and the updates with these.
  ScriptedServer::Script answering(std::string accepted, std::string wanted, std::string last) {
    return [this, accepted = std::move(accepted), wanted = std::move(wanted),
            last = std::move(last)](ServedConnection& server) {
      head_ = server.read_head();
      server.send(accepted);
      raw_ = server.read_to(":MISSING_CHECK: END\r\n");
      server.send(wanted);
      raw_ += server.read_to(":UPDATES: END\r\n");
      server.send(last);
      raw_ += server.read_to_end();
    };
  }
  // A receiver that wants nothing, and to which nothing may come before the head of its answer.
  ScriptedServer::Script wants_nothing_and_is_not_told_before_its_head() {
    return [this](ServedConnection& server) {
      head_ = server.read_head();
      EXPECT_FALSE(server.hears_more());
      server.send(kAccepted);
      raw_ = server.read_to(":MISSING_CHECK: END\r\n");
      server.send(kNothingWanted);
      raw_ += server.read_to(":UPDATES: END\r\n");
      server.send(kDone);
      raw_ += server.read_to_end();
    };
  }
  // Reads into raw_ until the body has come to this, wherever chunks end.
  void read_body_to(ServedConnection& server, const std::string& text) {
    while (!body().ends_with(text + "[cut]")) {
      const std::string more = server.read_some();
      if (more.empty()) throw std::runtime_error("the client has gone before it said " + text);
      raw_ += more;
    }
  }
  // All that was sent after the head, and "[cut]" if that was not its end.
  [[nodiscard]] std::string body() const {
    HttpBodyDecoder decoder(HttpResponseHead::parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"));
    std::string body;
    decoder.decode(raw_, body);
    return body + (decoder.ended() ? "" : "[cut]");
  }
  [[nodiscard]] static std::string offers(std::size_t count) {
    std::string lines = ":MISSING_CHECK: START\r\n";
    for (std::size_t number = 0; number < count; ++number) lines += hex_of(number) + " " + kTime + "\r\n";
    return lines + ":MISSING_CHECK: END\r\n";
  }
  [[nodiscard]] static std::string wants(const std::string& lines) {
    return ":MISSING_CHECK: START\r\n" + lines + ":MISSING_CHECK: END\r\n";
  }

  SenderJob job_{.receiver = {}, .partition = "7", .limits = {.timeout = std::chrono::seconds(20)}};
  std::size_t count_ = 3;
  std::function<void()> during_send_;
  KeptConnections kept_;
  std::function<void(const ScriptedServer&, const Interruption&)> before_;
  std::string peer_;
  std::string head_;
  std::string raw_;
  std::optional<bool> accepts_no_commit_;
  std::vector<Phase> phases_;
  SenderProgress progress_;
  std::vector<HeldObject> held_;
};

TEST_F(SenderSessionTest, SaysWhatItIsAbout) {
  ASSERT_EQ(run(answering(kAccepted, kNothingWanted, kDone)), "done");
  EXPECT_EQ(head_, "SSYNC /sda1/7 HTTP/1.1\r\nHost: " + peer_ +
                       "\r\nTransfer-Encoding: chunked\r\nX-Backend-Storage-Policy-Index: 0\r\n\r\n");
  job_.policy_index = 2;
  job_.fragment_index = 5;
  ASSERT_EQ(run(answering(kAccepted, kNothingWanted, kDone)), "done");
  EXPECT_EQ(head_, "SSYNC /sda1/7 HTTP/1.1\r\nHost: " + peer_ +
                       "\r\nTransfer-Encoding: chunked\r\nX-Backend-Storage-Policy-Index: 2\r\n"
                       "X-Backend-Ssync-Frag-Index: 5\r\nX-Backend-Ssync-Node-Index: 5\r\n\r\n");
}

TEST_F(SenderSessionTest, KnowsWhetherTheReceiverTakesWhatIsNotDurable) {
  const std::pair<const char*, bool> cases[] = {{"X-Backend-Accept-No-Commit: True\r\n", true},
                                                {"x-backend-accept-no-commit:true\r\n", true},
                                                {"X-Backend-Accept-No-Commit: False\r\n", false},
                                                {"X-Backend-Accept-No-Commit:\r\n", false},
                                                {"", false}};
  for (const auto& [header, accepts] : cases) {
    ASSERT_EQ(run(answering(std::string("HTTP/1.1 200 OK\r\n") + header + "\r\n", kNothingWanted, kDone)),
              "done");
    EXPECT_EQ(accepts_no_commit_, accepts) << header;
  }
}

const char kTellsHeld[] = "HTTP/1.1 200 OK\r\nX-Backend-Ssync-Tell-Held: True\r\n\r\n\r\n";

TEST_F(SenderSessionTest, ReadsWhatTheReceiverHas) {
  const std::string times = std::string(" ") + kTime + " " + kTime + "\r\n";
  const std::string held = hex_of(2) + " data" + times + hex_of(0) + " deleted" + times;
  const auto end = [](const std::string& lines) {
    return ":HELD: START\r\n" + lines + ":HELD: END\r\n" + kDone;
  };
  job_.ask_held = true;
  ASSERT_EQ(run(answering(kTellsHeld, kNothingWanted, end(held))), "done");
  EXPECT_THAT(head_, HasSubstr("\r\nX-Backend-Ssync-Tell-Held: True\r\n"));
  ASSERT_EQ(held_.size(), 2U);
  EXPECT_EQ(held_[0].hash, hash_of(2));
  EXPECT_FALSE(held_[0].is_deleted);
  EXPECT_EQ(held_[1].hash, hash_of(0));
  EXPECT_TRUE(held_[1].is_deleted);
  ASSERT_EQ(run(answering(kTellsHeld, kNothingWanted, end(""))), "done");
  EXPECT_THAT(held_, IsEmpty());
  ASSERT_EQ(run(answering(kAccepted, kNothingWanted, kDone)), "done") << "Swift's receivers tell nothing";
  EXPECT_THAT(held_, IsEmpty());
}

TEST_F(SenderSessionTest, RefusesWhatIsNoListOfWhatTheReceiverHas) {
  const std::string line = hex_of(0) + " data " + kTime + " " + kTime + "\r\n";
  job_.ask_held = true;
  const std::pair<const char*, std::string> cases[] = {
      {"not told although it was promised", kDone},
      {"more than was offered", ":HELD: START\r\n" + line + line + line + line + ":HELD: END\r\n" + kDone},
      {"no such line", ":HELD: START\r\n" + hex_of(0) + "\r\n:HELD: END\r\n" + kDone},
      {"an error", ":HELD: START\r\n:ERROR: 0 'x'\n"},
  };
  for (const auto& [why, last] : cases) {
    EXPECT_THAT(run(answering(kTellsHeld, kNothingWanted, last)),
                ::testing::AnyOf(StartsWith("ReceiverRefused: "), StartsWith("ConnectionLost: ")))
        << why;
  }
  job_.ask_held = false;
  EXPECT_THAT(
      run(answering(kTellsHeld, kNothingWanted, ":HELD: START\r\n" + line + ":HELD: END\r\n" + kDone)),
      StartsWith("ReceiverRefused: "))
      << "told without being asked";
}

TEST_F(SenderSessionTest, SendsWhatIsWantedInTheOrderOfTheOffers) {
  struct Case {
    const char* why;
    std::string answer;
    std::string updates;
    std::size_t wanted;
  };
  const Case cases[] = {
      {"nothing", wants("\r\n"), "", 0},
      {"nothing, without an empty line", wants(""), "", 0},
      {"one object", wants(hex_of(1) + " dm\r\n"), "PUT 1 dm\r\n", 1},
      {"objects in another order", wants(hex_of(2) + " m\r\n" + hex_of(0) + " d\r\n"),
       "PUT 0 d\r\nPUT 2 m\r\n", 2},
      {"an object twice", wants(hex_of(1) + " d\r\n" + hex_of(1) + " m\r\n"), "PUT 1 dm\r\n", 1},
      {"a bare hash", wants(hex_of(1) + "\r\n"), "PUT 1 d\r\n", 1},
      {"line ends of another kind",
       "\r\n\n:MISSING_CHECK: START\n" + hex_of(1) + " d\n\n:MISSING_CHECK: END\n", "PUT 1 d\r\n", 1},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.why);
    ASSERT_EQ(run(answering(kAccepted, c.answer, kDone)), "done");
    EXPECT_EQ(body(), offers(3) + ":UPDATES: START\r\n" + c.updates + ":UPDATES: END\r\n");
    EXPECT_EQ(progress_.offered, 3U);
    EXPECT_EQ(progress_.wanted, c.wanted);
    EXPECT_EQ(progress_.updates.put, c.wanted);
    EXPECT_THAT(phases_, ElementsAre(Phase::missing_check, Phase::answer, Phase::updates, Phase::done));
  }
}

TEST_F(SenderSessionTest, ADryRunEndsInGoodOrderAndOnlyCounts) {
  job_.dry_run = true;
  ASSERT_EQ(run(answering(kAccepted, wants(hex_of(1) + " dm\r\n"), kDone)), "done");
  EXPECT_EQ(body(), offers(3) + kDone);
  EXPECT_EQ(progress_.wanted, 1U);
  EXPECT_EQ(progress_.updates.put, 1U);
}

TEST_F(SenderSessionTest, OffersNothingOfAnEmptySource) {
  count_ = 0;
  ASSERT_EQ(run(answering(kAccepted, kNothingWanted, kDone)), "done");
  EXPECT_EQ(body(), offers(0) + kDone);
}

TEST_F(SenderSessionTest, TellsInWhichWordsItWasRefused) {
  const std::pair<std::string, std::string> cases[] = {
      {"HTTP/1.1 507 Insufficient Storage\r\nContent-Length: 99\r\n\r\n<html><h1>Insufficient Storage</h1>\n"
       "<p>There was not\r\n enough space. Drive: sdb1</p></html>",
       "the receiver answered 507 Insufficient Storage: Insufficient Storage There was not enough space. "
       "Drive: "
       "sdb1"},
      {"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 42\r\n\r\n<html><p>No policy with index "
       "3</p></html>",
       "the receiver answered 503 Service Unavailable: No policy with index 3"},
      {"HTTP/1.1 405\r\n\r\n<p> </p>", "the receiver answered 405"},
      {"HTTP/1.1 400 Bad Request\r\n\r\nx" + std::string(5000, 'y'),
       "the receiver answered 400 Bad Request: x" + std::string(1023, 'y')},
      // A 2xx that is no 200.
      {"HTTP/1.1 204 No Content\r\n\r\n", "the receiver answered 204 No Content"},
      {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "response is not HTTP: b'SSH-2.0-OpenSSH_9.2'"},
  };
  for (const auto& [answer, words] : cases) {
    EXPECT_EQ(run([answer = answer](ServedConnection& server) {
                server.read_head();
                server.send(answer);
                server.end_sending();
                server.read_to_end();
              }),
              "ReceiverRefused: " + words);
    EXPECT_EQ(accepts_no_commit_, std::nullopt) << "no object was looked at";
    EXPECT_THAT(phases_, IsEmpty());
  }
}

TEST_F(SenderSessionTest, TellsIfTheReceiverHasNoRoomNow) {
  EXPECT_EQ(run([](ServedConnection& server) {
              server.read_head();
              server.send("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
              server.end_sending();
              server.read_to_end();
            }),
            "ReceiverBusy: the receiver answered 503 Service Unavailable");
}

TEST_F(SenderSessionTest, RefusesAnAnswerToTheMissingCheckThatMakesNoSense) {
  const std::pair<std::string, std::string> cases[] = {
      {":ERROR: 0 'no'\n", "ReceiverRefused: :ERROR: 0 'no'"},
      {":MISSING_CHECK: START\r\n:ERROR: 503 b'busy'\n", "ReceiverBusy: :ERROR: 503 b'busy'"},
      {"garbage\r\n", "ReceiverRefused: unexpected response b'garbage'"},
      {"it's\r\n", "ReceiverRefused: unexpected response b\"it's\""},
      {std::string(2000, 'x') + "\r\n",
       "ReceiverRefused: unexpected response b'" + std::string(1024, 'x') + "'"},
      {hex_of(1) + " d\r\n", "ReceiverRefused: unexpected response b'" + hex_of(1) + " d'"},
      {":MISSING_CHECK: END\r\n", "ReceiverRefused: unexpected response b':MISSING_CHECK: END'"},
      {":MISSING_CHECK: START\r\n" + hex_of(3) + " d\r\n",
       "ReceiverRefused: the receiver wants an object that was not offered: b'" + hex_of(3) + " d'"},
      {":MISSING_CHECK: START\r\nnone d\r\n",
       "ReceiverRefused: the receiver wants an object that was not offered: b'none d'"},
      {":MISSING_CHECK: START\r\n:MISSING_CHECK: START\r\n",
       "ReceiverRefused: the receiver wants an object that was not offered: b':MISSING_CHECK: START'"},
      {":MISSING_CHECK: START\r\n" + hex_of(1) + " d\r\n",
       "ConnectionLost: PEER closed the connection before sending the list of wanted objects"},
      {"", "ConnectionLost: PEER closed the connection before sending the list of wanted objects"},
  };
  for (const auto& [answer, thrown] : cases) {
    std::string result = run([this, answer = answer](ServedConnection& server) {
      server.read_head();
      server.send(kAccepted);
      raw_ = server.read_to(":MISSING_CHECK: END\r\n");
      server.send(answer);
      server.end_sending();
      raw_ += server.read_to_end();
    });
    std::string expected = thrown;
    if (const std::size_t at = expected.find("PEER"); at != std::string::npos) expected.replace(at, 4, peer_);
    EXPECT_EQ(result, expected);
    EXPECT_EQ(raw_.find("PUT"), std::string::npos);
    EXPECT_THAT(phases_, ElementsAre(Phase::missing_check, Phase::answer));
    EXPECT_EQ(progress_.updates.put, 0U);
  }
}

TEST_F(SenderSessionTest, RefusesAnAnswerToTheUpdatesThatMakesNoSense) {
  const std::pair<std::string, std::string> cases[] = {
      {kDone, "done"},
      {std::string("\r\n\n") + kDone, "done"},
      {":UPDATES: START\n\n:UPDATES: END\n", "done"},
      {":ERROR: 500 b'ERROR: With :UPDATES: 1 failures to 0 successes'\n",
       "ReceiverRefused: :ERROR: 500 b'ERROR: With :UPDATES: 1 failures to 0 successes'"},
      {":UPDATES: START\r\n:ERROR: 0 'no'\n", "ReceiverRefused: :ERROR: 0 'no'"},
      {":UPDATES: END\r\n", "ReceiverRefused: unexpected response b':UPDATES: END'"},
      {":UPDATES: START\r\n:UPDATES: START\r\n", "ReceiverRefused: unexpected response b':UPDATES: START'"},
      {":UPDATES: START\r\n", "ConnectionLost: PEER closed the connection before sending :UPDATES: END"},
      {"", "ConnectionLost: PEER closed the connection before sending :UPDATES: START"},
  };
  for (const auto& [answer, thrown] : cases) {
    const std::string result = run([this, answer = answer](ServedConnection& server) {
      head_ = server.read_head();
      server.send(kAccepted);
      raw_ = server.read_to(":MISSING_CHECK: END\r\n");
      server.send(wants(hex_of(1) + " dm\r\n"));
      raw_ += server.read_to(":UPDATES: END\r\n");
      server.send(answer);
      server.end_sending();
      raw_ += server.read_to_end();
    });
    std::string expected = thrown;
    if (const std::size_t at = expected.find("PEER"); at != std::string::npos) expected.replace(at, 4, peer_);
    EXPECT_EQ(result, expected) << answer;
    EXPECT_EQ(progress_.updates.put, 1U);
  }
}

// A receiver that gives up need not be sent the rest.
TEST_F(SenderSessionTest, HearsAnErrorInTheMiddleOfTheMissingCheck) {
  count_ = 2'000'000;
  EXPECT_EQ(run([](ServedConnection& server) {
              server.read_head();
              server.send(kAccepted);
              server.read_to(hex_of(0));
              server.send(":ERROR: 0 'no'\n");
              server.read_to_end();
            }),
            "ReceiverRefused: :ERROR: 0 'no'");
  EXPECT_LT(progress_.offered, count_);
  EXPECT_THAT(phases_, ElementsAre(Phase::missing_check));
}

TEST_F(SenderSessionTest, HearsAnErrorInTheMiddleOfTheUpdates) {
  // Large enough that the sender has to write some before it has counted all.
  count_ = 100000;
  std::string lines;
  for (std::size_t number = 0; number < count_; ++number) lines += hex_of(number) + " dm\r\n";
  for (const auto& [said, words] : {std::pair<std::string, std::string>{":ERROR: 0 'no'\n", ":ERROR: 0 'no'"},
                                    {"too early\r\n", "unexpected response b'too early'"}}) {
    EXPECT_EQ(run([&, said = said](ServedConnection& server) {
                server.read_head();
                server.send(kAccepted);
                server.read_to(":MISSING_CHECK: END\r\n");
                server.send(wants(lines) + said);
                server.read_to_end();
              }),
              "ReceiverRefused: " + words);
    EXPECT_LT(progress_.updates.put, count_);
    EXPECT_EQ(progress_.wanted, count_);
  }
}

TEST_F(SenderSessionTest, ASignalEndsItBetweenTwoObjects) {
  during_send_ = [] { ::raise(SIGTERM); };
  const std::string result = run([this](ServedConnection& server) {
    server.read_head();
    server.send(kAccepted);
    raw_ = server.read_to(":MISSING_CHECK: END\r\n");
    server.send(wants(hex_of(0) + " d\r\n" + hex_of(1) + " d\r\n"));
    raw_ += server.read_to_end();
  });
  EXPECT_EQ(result, "Interrupted: terminated (SIGTERM)");
  EXPECT_EQ(progress_.updates.put, 1U);
  // Not as a whole request, which the receiver might take for all there was.
  EXPECT_EQ(body(), offers(3) + "[cut]");
}

const char kListFollows[] = "X-Backend-Ssync-List-Follows: True\r\n";

TEST_F(SenderSessionTest, AShortListGoesWithTheRequestOverAKeptConnection) {
  keep_connection();
  EXPECT_EQ(run([this](ServedConnection& server) {
              head_ = server.read_head();
              raw_ = server.read_to(":MISSING_CHECK: END\r\n\r\n");
              EXPECT_FALSE(server.hears_more());
              server.send(kAccepted + wants(hex_of(1) + " dm\r\n"));
              raw_ += server.read_to(":UPDATES: END\r\n");
              server.send(kDone);
              raw_ += server.read_to_end();
            }),
            "done");
  EXPECT_EQ(head_, "SSYNC /sda1/7 HTTP/1.1\r\nHost: " + peer_ +
                       "\r\nTransfer-Encoding: chunked\r\nX-Backend-Storage-Policy-Index: 0\r\n" +
                       kListFollows + "\r\n");
  EXPECT_EQ(body(), offers(3) + ":UPDATES: START\r\nPUT 1 dm\r\n:UPDATES: END\r\n");
  EXPECT_EQ(accepts_no_commit_, true);
  EXPECT_EQ(progress_.offered, 3U);
  EXPECT_THAT(phases_, ElementsAre(Phase::connecting, Phase::missing_check, Phase::answer, Phase::updates,
                                   Phase::done));
}

// A receiver that was told of the list waits for all of it, and says nothing before.
TEST_F(SenderSessionTest, AListThatDoesNotFitFollowsTheAnswersHead) {
  bool some_went_with_it = false;
  bool some_did_not = false;
  for (const int count : {0, 1, 150, 151, 152, 153, 154, 155, 156, 157, 158, 159, 160, 161, 5000}) {
    SCOPED_TRACE(count);
    count_ = static_cast<std::size_t>(count);
    keep_connection();
    EXPECT_EQ(run([&](ServedConnection& server) {
                head_ = server.read_head();
                const bool list_follows = head_.find(kListFollows) != std::string::npos;
                (list_follows ? some_went_with_it : some_did_not) = true;
                raw_.clear();
                if (list_follows) {
                  read_body_to(server, ":MISSING_CHECK: END\r\n");
                } else {
                  EXPECT_FALSE(server.hears_more());
                }
                server.send(kAccepted);
                if (!list_follows) read_body_to(server, ":MISSING_CHECK: END\r\n");
                server.send(kNothingWanted);
                raw_ += server.read_to(":UPDATES: END\r\n");
                server.send(kDone);
                raw_ += server.read_to_end();
              }),
              "done");
    EXPECT_EQ(body(), offers(count_) + ":UPDATES: START\r\n:UPDATES: END\r\n");
  }
  EXPECT_TRUE(some_went_with_it);
  EXPECT_TRUE(some_did_not);
}

TEST_F(SenderSessionTest, ANewConnectionInsteadOfAClosedOneGetsTheSame) {
  std::string first;
  ScriptedServer closing([&](ServedConnection& server) {
    first = server.read_to(":MISSING_CHECK: END\r\n\r\n");
    server.close();
  });
  keep_connection(&closing);
  EXPECT_EQ(run([this](ServedConnection& server) {
              head_ = server.read_head();
              raw_ = server.read_to(":MISSING_CHECK: END\r\n\r\n");
              server.send(kAccepted + std::string(kNothingWanted));
              raw_ += server.read_to(":UPDATES: END\r\n");
              server.send(kDone);
              raw_ += server.read_to_end();
            }),
            "done");
  EXPECT_EQ(closing.join(), "");
  EXPECT_THAT(head_, HasSubstr(kListFollows));
  EXPECT_THAT(head_ + raw_, StartsWith(first));
  EXPECT_EQ(body(), offers(3) + ":UPDATES: START\r\n:UPDATES: END\r\n");
}

// As one of Swift's is, that was kept after a REPLICATE.
TEST_F(SenderSessionTest, NothingComesBeforeTheAnswersHeadOfAReceiverThatIsNotOurs) {
  keep_connection(nullptr, false);
  EXPECT_EQ(run(wants_nothing_and_is_not_told_before_its_head()), "done");
  EXPECT_EQ(head_.find(kListFollows), std::string::npos);
}

TEST_F(SenderSessionTest, NothingComesBeforeTheAnswersHeadOnANewConnection) {
  job_.kept_connections = &kept_;
  EXPECT_EQ(run(wants_nothing_and_is_not_told_before_its_head()), "done");
  EXPECT_EQ(head_.find(kListFollows), std::string::npos);
}

TEST_F(SenderSessionTest, IsRefusedWhateverWentWithTheRequest) {
  keep_connection();
  EXPECT_EQ(run([](ServedConnection& server) {
              server.read_head();
              server.send("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
              server.close();
            }),
            "ReceiverBusy: the receiver answered 503 Service Unavailable");
}

}  // namespace
}  // namespace ssync
