#include "worker/serve/routes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "common/os/md5.h"
#include "common/python/pickle.h"
#include "tests/unit/scripted_streams.h"
#include "tests/unit/temporary_device.h"
#include "worker/request/errors.h"
#include "worker/serve/limited_device.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

const char kTime[] = "1700000001.00000";
const char kSessionHead[] =
    "Status: 200 OK\r\nContent-Type: text/html; charset=UTF-8\r\nX-Backend-Accept-No-Commit: "
    "True\r\n\r\n\r\n";

class RoutesTest : public ::testing::Test {
 protected:
  RoutesTest() { device_.settings().reclaim_age = std::int64_t{1} << 40; }

  using Params = std::map<std::string, std::string>;
  // What is written for the request, all of it flushed at its end as whatever carries it does.
  std::string answer(const std::string& method, const std::string& uri, const Params& more = {},
                     const std::string& body = "", ScriptEnd end = ScriptEnd::clean) {
    Params params{{"REQUEST_METHOD", method}, {"REQUEST_URI", uri}};
    params.insert(more.begin(), more.end());
    const FastCgiParams param = [&](const char* name) -> std::optional<std::string> {
      const auto found = params.find(name);
      if (found == params.end()) return std::nullopt;
      return found->second;
    };
    ScriptedInput input(body, end);
    CollectedOutput output;
    Routes routes(device_.configuration(), place_, threads_, metrics_, {}, [this] { return stopping_; });
    outcome_ = {};
    result_ = routes.answer({input, output, param}, RequestHead::from_params(param), outcome_);
    output.flush();
    return output.sent();
  }
  // The status of an answer, which must be what the outcome says.
  int status(const std::string& method, const std::string& uri, const Params& more = {}) {
    const std::string sent = answer(method, uri, more);
    EXPECT_THAT(sent, StartsWith("Status: " + std::to_string(outcome_.status) + " "));
    return outcome_.status;
  }

  TemporaryDevice device_;
  const ObjectName name_{"a", "c", "o"};
  Board board_{4, {.workers = 8}};
  BoardPlace place_{board_, board_.use()};
  DiskThreads threads_{4};
  RequestMetrics metrics_{{}, ""};
  bool stopping_ = false;
  int asked_ = 0;
  RequestOutcome outcome_;
  SessionResult result_ = SessionResult::cut;
};

std::string body_of(const std::string& response) { return response.substr(response.find("\r\n\r\n") + 4); }

// In memory, before any disk is touched: a device that is missing is not even looked at.
TEST_F(RoutesTest, WithoutRoomTheAnswerIs503) {
  board_.set_room({.workers = 3, .slots = 1});
  BoardPlace other(board_, board_.use());
  BoardPlace third(board_, board_.use());
  ASSERT_TRUE(other.admit({.method = "GET", .device = "missing", .partition = ""}));
  ASSERT_TRUE(third.admit_session({.method = "SSYNC", .device = "missing", .partition = "1"}, 1));
  for (const char* method : {"GET", "HEAD"}) EXPECT_EQ(status(method, "/missing/7/a/c/o"), 503);
  EXPECT_EQ(status("REPLICATE", "/missing/7"), 503);
  EXPECT_THAT(answer("SSYNC", "/missing/7"),
              ::testing::MatchesRegex("Status: 200 OK\r\n(.*\r\n)*\r\n\r\n:ERROR: 503 b'<html><h1>Service "
                                      "Unavailable</h1>.*</html>'\n"));
  other.leave();
  third.leave();
  EXPECT_EQ(status("GET", "/missing/7/a/c/o"), 507);
  EXPECT_EQ(status("REPLICATE", "/missing/7"), 507);
  EXPECT_EQ(status("SSYNC", "/missing/7"), 507);
}

// By the path, before anything else, and with any method; without the middleware as any other path.
TEST_F(RoutesTest, MiddlewaresAnswerBeforeTheObjectServer) {
  EXPECT_EQ(status("GET", "/healthcheck"), 400);
  EXPECT_EQ(status("PUT", "/recon/time"), 405);
  EXPECT_EQ(status("GET", "/recon/time"), 400);
  EXPECT_TRUE(outcome_.is_logged);
  device_.middleware().healthcheck.is_served = true;
  device_.middleware().recon.is_served = true;
  for (const char* method : {"GET", "PUT", "SSYNC", "OPTIONS"}) {
    EXPECT_EQ(answer(method, "/healthcheck"),
              "Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nOK");
    EXPECT_EQ(status(method, "/recon/time"), 200);
    EXPECT_FALSE(outcome_.is_logged);
  }
  EXPECT_EQ(answer("HEAD", "/healthcheck"),
            "Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n");
}

// Checks look at devices, and one that hangs must not take the pool; a health check looks at none.
TEST_F(RoutesTest, ReconNeedsRoomAndHealthcheckDoesNot) {
  device_.middleware().healthcheck.is_served = true;
  device_.middleware().recon.is_served = true;
  board_.set_room({.workers = 3, .slots = 1});
  BoardPlace other(board_, board_.use());
  ASSERT_TRUE(other.admit({.method = "GET", .device = "recon", .partition = ""}));
  EXPECT_EQ(status("GET", "/recon/diskusage"), 503);
  EXPECT_EQ(status("GET", "/healthcheck"), 200);
  other.leave();
  EXPECT_EQ(status("GET", "/recon/time"), 200);
}

// Recorded from BackendRateLimitMiddleware of Swift 2.38.1: whether the second of two requests is refused.
TEST_F(RoutesTest, WhichRequestsHaveARate) {
  BackendRatelimitSettings settings{.is_served = true, .rates = {.all_methods = 1, .buffer = 0}};
  settings.conf_path = "/nowhere";
  const auto is_limited = [&](const std::string& method, const std::string& uri) {
    BackendRatelimit& limit = board_.backend_ratelimit();
    // As new: idle for longer than the buffer.
    settings.rates.buffer = 0;
    limit.configure(settings);
    const auto device = limited_device({.method = method, .uri = uri});
    if (!device) return false;
    const auto later = limit.now() + BackendRatelimit::Time(100 * ++asked_);
    return limit.allows(*device, method, later) && !limit.allows(*device, method, later);
  };
  for (const char* uri :
       {"/sda/1", "/sda/-1", "/sda/%201%20", "/sda/1_0", "/sda/1/", "/recon/1", "/sda/%d9%a3", "/sda/1/a/c/o",
        "/sda/1?x", "/sda/+5", "/%ff/1", "/sda/99999999999999999999"}) {
    EXPECT_TRUE(is_limited("GET", uri)) << uri;
  }
  for (const char* uri : {"/sda", "/sda/", "/sda/x", "/../1", "//1", "/sda//a", "/recon/async",
                          "/healthcheck", "/sda/1%ff", "/sda/1.0", "/sda/0x1", "/./5", "", "x"}) {
    EXPECT_FALSE(is_limited("GET", uri)) << uri;
  }
  for (const char* method : {"GET", "HEAD", "PUT", "POST", "DELETE", "UPDATE", "REPLICATE"}) {
    EXPECT_TRUE(is_limited(method, "/sda/1")) << method;
  }
  for (const char* method : {"SSYNC", "REPLICATION", "OPTIONS", "COPY", "get", ""}) {
    EXPECT_FALSE(is_limited(method, "/sda/1")) << method;
  }
}

TEST_F(RoutesTest, AboveItsRateADeviceAnswers529) {
  BackendRatelimitSettings settings{
      .is_served = true, .rates = {.all_methods = 0.001, .buffer = 0}, .conf_path = "/nowhere"};
  board_.backend_ratelimit().configure(settings);
  device_.middleware().recon.is_served = true;
  EXPECT_EQ(status("REPLICATE", "/sda1/7"), 200);
  EXPECT_TRUE(outcome_.is_logged);
  const std::string head =
      "Status: 529 Too Many Backend Requests\r\nContent-Type: text/html; charset=UTF-8\r\nContent-Length: "
      "152\r\n\r\n";
  EXPECT_EQ(answer("REPLICATE", "/sda1/8"),
            head +
                "<html><h1>Too Many Backend Requests</h1><p>The server is incapable of performing the "
                "requested operation due to too many requests. Slow down.</p></html>");
  EXPECT_EQ(result_, SessionResult::complete);
  EXPECT_FALSE(outcome_.is_logged) << "as in Swift";
  EXPECT_EQ(answer("HEAD", "/sda1/8/a/c/o"), head);
  EXPECT_EQ(status("PUT", "/sda1/8/a/c/o"), 529) << "before its method is looked at";
  EXPECT_EQ(status("SSYNC", "/sda1/7"), 200);
  EXPECT_EQ(status("GET", "/recon/time"), 200);
  EXPECT_EQ(status("REPLICATE", "/missing/7"), 507) << "another device";
  const auto devices = board_.ledger().devices();
  ASSERT_FALSE(devices.empty());
  EXPECT_EQ(devices[0].counts.requests_refused, 3);
  EXPECT_EQ(devices[0].counts.replicate_requests, 1);
}

TEST_F(RoutesTest, OnlyTheseMethodsAreAnswered) {
  device_.add_data(name_, kTime, "data", {{"ETag", md5_hex("data")}});
  const std::pair<const char*, int> on_a_partition[] = {
      {"SSYNC", 200}, {"REPLICATION", 200}, {"REPLICATE", 200}, {"GET", 400},     {"HEAD", 400},
      {"PUT", 405},   {"POST", 405},        {"DELETE", 405},    {"OPTIONS", 405}, {"", 405},
      {"ssync", 405}, {"get", 405},         {"SSYNC ", 405},    {"GETX", 405},    {"UNKNOWN", 405},
  };
  for (const auto& [method, expected] : on_a_partition)
    EXPECT_EQ(status(method, "/sda1/7"), expected) << method;
  const std::pair<const char*, int> on_an_object[] = {
      {"GET", 200},       {"HEAD", 200}, {"SSYNC", 400},  {"REPLICATION", 400},
      {"REPLICATE", 200}, {"PUT", 405},  {"DELETE", 405},
  };
  for (const auto& [method, expected] : on_an_object) {
    EXPECT_EQ(status(method, "/sda1/7/a/c/o"), expected) << method;
  }
}

// Swift's order: 412 for the path, 405 for the method, 503 for the policy, 400 for the path, 507 for the
// device.
TEST_F(RoutesTest, ChecksComeInSwiftsOrder) {
  struct Case {
    const char* method;
    const char* uri;
    const char* policy;
    int status;
  };
  const Case cases[] = {
      {"PUT", "/%ff", "9", 412},
      {"PUT", "", "9", 412},
      {"PUT", "/", "9", 405},
      {"PUT", "/sdb1/7", "0", 405},
      {"SSYNC", "/%ff", "9", 412},
      {"SSYNC", "/", "9", 503},
      {"SSYNC", "/", "0", 400},
      {"SSYNC", "/sdb1/7", "0", 507},
      {"REPLICATE", "/%ff", "9", 412},
      {"REPLICATE", "/", "9", 503},
      {"REPLICATE", "/", "0", 400},
      {"REPLICATE", "/sdb1/7", "0", 507},
      {"GET", "/%ff", "9", 412},
      {"GET", "/", "9", 503},
      {"GET", "/", "0", 400},
      {"GET", "/sdb1/7/a/c/o", "0", 507},
      {"GET", "/sda1/7/a/c/o", "0", 404},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(status(c.method, c.uri, {{"HTTP_X_BACKEND_STORAGE_POLICY_INDEX", c.policy}}), c.status)
        << c.method << " " << c.uri << " " << c.policy;
    EXPECT_EQ(result_, SessionResult::complete) << "an answer, and a whole one";
  }
}

TEST_F(RoutesTest, ARefusalIsAWholeAnswer) {
  EXPECT_EQ(answer("SSYNC", "/sda1", {}, ":MISSING_CHECK: START\r\n"),
            "Status: 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 19\r\n\r\n"
            "Invalid path: /sda1");
  EXPECT_EQ(outcome_.status, 400);
  EXPECT_EQ(outcome_.content_length, 19);
  EXPECT_EQ(result_, SessionResult::complete);
  const std::string page = answer("PUT", "/sda1/7");
  EXPECT_THAT(page, StartsWith("Status: 405 Method Not Allowed\r\nContent-Type: text/html; charset=UTF-8\r\n"
                               "Content-Length: " +
                               std::to_string(body_of(page).size()) + "\r\n\r\n<html>"));
}

TEST_F(RoutesTest, AReplicationServerOnlyAnswersForReplication) {
  device_.add_data(name_, kTime, "data");
  device_.receiver().replication_server = false;
  for (const char* method : {"SSYNC", "REPLICATION", "REPLICATE"})
    EXPECT_EQ(status(method, "/sda1/7"), 405) << method;
  EXPECT_EQ(status("HEAD", "/sda1/7/a/c/o"), 200);
}

TEST_F(RoutesTest, ReplicateTellsHashesOrMarksSuffixes) {
  device_.add_data(name_, kTime, "data");
  const std::string suffix = device_.hash_of(name_).substr(29);
  const std::string hashes = answer("REPLICATE", "/sda1/7");
  EXPECT_THAT(hashes, StartsWith("Status: 200 OK\r\n"));
  EXPECT_THAT(body_of(hashes), HasSubstr(suffix));
  EXPECT_EQ(outcome_.content_length, static_cast<std::int64_t>(body_of(hashes).size()));
  EXPECT_EQ(body_of(answer("REPLICATE", "/sda1/7/abc-def")), pickle::dump(pickle::Value{pickle::None{}}));
  EXPECT_THAT(device_.invalid_suffixes(), ElementsAre("abc", "def"));
  EXPECT_EQ(result_, SessionResult::complete);
}

TEST_F(RoutesTest, GetSendsAnObjectAndHeadOnlyItsHead) {
  device_.add_data(name_, kTime, "data", {{"ETag", md5_hex("data")}});
  const std::string got = answer("GET", "/sda1/7/a/c/o");
  EXPECT_THAT(got, StartsWith("Status: 200 OK\r\n"));
  EXPECT_THAT(got, HasSubstr("Content-Length: 4\r\n"));
  EXPECT_EQ(body_of(got), "data");
  EXPECT_EQ(outcome_.content_length, 4);
  EXPECT_EQ(result_, SessionResult::complete);
  EXPECT_EQ(answer("HEAD", "/sda1/7/a/c/o"), got.substr(0, got.size() - 4));
  EXPECT_EQ(outcome_.content_length, 4);
  // Headers are handed on.
  EXPECT_EQ(body_of(answer("GET", "/sda1/7/a/c/o", {{"HTTP_RANGE", "bytes=1-2"}})), "at");
  EXPECT_EQ(outcome_.status, 206);
}

TEST_F(RoutesTest, ABodyThatCannotBeSentWholeIsCut) {
  device_.add_data(name_, kTime, "data", {{"ETag", md5_hex("data")}});
  stopping_ = true;
  answer("GET", "/sda1/7/a/c/o");
  EXPECT_EQ(result_, SessionResult::cut);
}

TEST_F(RoutesTest, ASessionStoresWhatItIsSent) {
  const std::string head = "PUT /a/c/o\r\nX-Timestamp: " + std::string(kTime) +
                           "\r\nContent-Length: 4\r\nContent-Type: text/plain\r\nETag: " + md5_hex("data") +
                           "\r\n\r\n";
  const std::string script = ":MISSING_CHECK: START\r\n" + device_.hash_of(name_) + " " + kTime +
                             "\r\n:MISSING_CHECK: END\r\n:UPDATES: START\r\n" + head +
                             "data:UPDATES: END\r\n";
  const std::pair<const char*, const char*> methods[] = {{"SSYNC", " dm\r\n"}, {"REPLICATION", "\r\n"}};
  for (const auto& [method, wanted] : methods) {
    SCOPED_TRACE(method);
    std::filesystem::remove_all(device_.partition().path());
    EXPECT_EQ(answer(method, "/sda1/7", {}, script),
              std::string(kSessionHead) + ":MISSING_CHECK: START\r\n" + device_.hash_of(name_) + wanted +
                  ":MISSING_CHECK: END\r\n:UPDATES: START\r\n:UPDATES: END\r\n");
    EXPECT_EQ(result_, SessionResult::complete);
    EXPECT_EQ(outcome_.status, 200);
    EXPECT_EQ(outcome_.content_length, std::nullopt);
    EXPECT_THAT(device_.files_of(name_), ElementsAre(std::string(kTime) + ".data"));
  }
}

TEST_F(RoutesTest, ASessionTellsWhatIsHereAtItsEndOnlyIfItIsAsked) {
  const std::string script =
      ":MISSING_CHECK: START\r\n:MISSING_CHECK: END\r\n:UPDATES: START\r\n:UPDATES: END\r\n";
  const char* const name = "HTTP_X_BACKEND_SSYNC_TELL_HELD";
  const std::string asked = answer("SSYNC", "/sda1/7", {{name, "True"}}, script);
  EXPECT_THAT(asked, HasSubstr("X-Backend-Ssync-Tell-Held: True\r\n\r\n\r\n"));
  EXPECT_THAT(asked, EndsWith(":HELD: START\r\n:HELD: END\r\n:UPDATES: START\r\n:UPDATES: END\r\n"));
  const std::string plain = answer("SSYNC", "/sda1/7", {}, script);
  EXPECT_EQ(answer("SSYNC", "/sda1/7", {{name, "False"}}, script), plain);
  EXPECT_EQ(answer("REPLICATION", "/sda1/7", {{name, "True"}}, script), plain);
  // Of a fragment it could not tell which.
  EXPECT_EQ(
      answer("SSYNC", "/sda1/7", {{name, "True"}, {"HTTP_X_BACKEND_STORAGE_POLICY_INDEX", "2"}}, script),
      plain);
}

TEST_F(RoutesTest, ASessionGoesToThePolicyThatItNames) {
  const std::string script =
      ":MISSING_CHECK: START\r\n:MISSING_CHECK: END\r\n:UPDATES: START\r\nDELETE /a/c/o\r\nX-Timestamp: " +
      std::string(kTime) + "\r\n\r\n:UPDATES: END\r\n";
  EXPECT_THAT(answer("SSYNC", "/sda1/7", {{"HTTP_X_BACKEND_STORAGE_POLICY_INDEX", "1"}}, script),
              EndsWith(":UPDATES: END\r\n"));
  EXPECT_THAT(device_.files_of(name_), IsEmpty());
  const std::string hash = device_.hash_of(name_);
  EXPECT_THAT(names_in(device_.path() + "/objects-1/7/" + hash.substr(29) + "/" + hash),
              ElementsAre(std::string(kTime) + ".ts"));
}

// Whoever began one is not told of its failure by a status.
TEST_F(RoutesTest, ASessionThatFailsIsCutAfterItsWords) {
  EXPECT_EQ(answer("SSYNC", "/sda1/7", {}, "garbage\r\n"),
            std::string(kSessionHead) +
                ":ERROR: 0 \"Looking for :MISSING_CHECK: START got b'garbage\\\\r\\\\n'\"\n");
  EXPECT_EQ(result_, SessionResult::cut);
  EXPECT_EQ(outcome_.status, 200);
  EXPECT_EQ(answer("SSYNC", "/sda1/7", {}, "", ScriptEnd::cut), kSessionHead);
  EXPECT_EQ(result_, SessionResult::cut);
}

}  // namespace
}  // namespace ssync
