#include "worker/receiver/ssync_receiver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "common/layout/object_files.h"
#include "common/os/lock_path.h"
#include "common/os/md5.h"
#include "common/store/disk_file.h"
#include "tests/unit/common/statsd/datagram_receiver.h"
#include "tests/unit/scripted_streams.h"
#include "tests/unit/temporary_device.h"
#include "worker/request/errors.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

const char kT1[] = "1700000001.00000";
const char kT2[] = "1700000002.00000";
const char kT3[] = "1700000003.00000";

const char kNothingWanted[] = "\r\n:MISSING_CHECK: START\r\n\r\n:MISSING_CHECK: END\r\n";
const char kDone[] = ":UPDATES: START\r\n:UPDATES: END\r\n";

// What is left of a second when the partition is locked, as Python prints it: how much depends on the
// machine, and one that stood still meanwhile leaves less than nothing.
const char kSecondsLeft[] = "-?[0-9]+(\\.[0-9]+)?(e-[0-9]+)? seconds";

const char kNoOffers[] = ":MISSING_CHECK: START\r\n:MISSING_CHECK: END\r\n";

std::string put(const std::string& path, const std::string& time, const std::string& data,
                const std::string& more = "") {
  return "PUT " + path + "\r\nX-Timestamp: " + time + "\r\nContent-Length: " + std::to_string(data.size()) +
         "\r\nContent-Type: text/plain\r\nETag: " + md5_hex(data) + "\r\n" + more + "\r\n" + data;
}

std::string del(const std::string& path, const std::string& time) {
  return "DELETE " + path + "\r\nX-Timestamp: " + time + "\r\n\r\n";
}

std::string post(const std::string& path, const std::string& time, const std::string& more = "") {
  return "POST " + path + "\r\nX-Timestamp: " + time + "\r\n" + more + "\r\n";
}

std::string updates(const std::string& subrequests) {
  return std::string(kNoOffers) + ":UPDATES: START\r\n" + subrequests + ":UPDATES: END\r\n";
}

std::string offers(const std::string& lines) {
  return ":MISSING_CHECK: START\r\n" + lines + ":MISSING_CHECK: END\r\n:UPDATES: START\r\n:UPDATES: END\r\n";
}

// Each test in both modes of commit: the sender must not be able to tell them apart.
class SsyncReceiverTest : public ::testing::TestWithParam<CommitMode> {
 protected:
  SsyncReceiverTest()
      : session_{.settings = device_.receiver(),
                 .partition = device_.partition(),
                 .device = "sda1",
                 .remote_addr = "10.0.0.1"} {
    device_.receiver().durability = GetParam();
    device_.settings().reclaim_age = std::int64_t{1} << 40;
  }

  // What the sender gets for the script.
  std::string run(const std::string& script, ScriptEnd end = ScriptEnd::clean,
                  std::size_t piece_size = 65536) {
    ScriptedInput input(script, end, piece_size);
    CollectedOutput output;
    result_ = run_session(input, output);
    return output.sent();
  }

  SessionResult run_session(RequestInput& input, ResponseOutput& output) {
    Admission admission(place_, {.method = "SSYNC", .device = "sda1", .partition = "7"}, 1);
    const SessionResult result =
        SsyncReceiver(session_, input, output, admission, threads_, metrics_, [this] {
          return interrupted_;
        }).run();
    // As whoever ends the answer does.
    if (result == SessionResult::complete) output.flush();
    return result;
  }

  // The session's answer after "nothing wanted".
  std::string after_missing_check(const std::string& script, ScriptEnd end = ScriptEnd::clean) {
    const std::string sent = run(script, end);
    EXPECT_THAT(sent, StartsWith(kNothingWanted));
    return sent.substr(std::min(sent.size(), sizeof kNothingWanted - 1));
  }

  // The names of the metrics since the last call, sorted.
  std::vector<std::string> metrics() {
    std::vector<std::string> names;
    for (const std::string& datagram : statsd_.take_all()) {
      names.push_back(datagram.substr(0, datagram.find(':')));
    }
    std::ranges::sort(names);
    return names;
  }

  [[nodiscard]] bool is_open(const ObjectName& name, const std::string& data) const {
    DiskFile file(device_.partition(), name);
    if (file.open(ExpiredObjects::open, 0) != OpenOutcome::open) return false;
    const std::string path = file.hash_dir() + "/" + *file.data_metadata().find("X-Timestamp") + ".data";
    return read_file(path) == data && *file.metadata().find("ETag") == md5_hex(data);
  }

  TemporaryDevice device_;
  Session session_;
  Board board_{4, {.workers = 8}};
  BoardPlace place_{board_, board_.use()};
  DiskThreads threads_{4};
  DatagramReceiver statsd_;
  RequestMetrics metrics_{{.host = "127.0.0.1", .port = statsd_.port(), .metric_prefix = {}}, "s"};
  bool interrupted_ = false;
  SessionResult result_ = SessionResult::cut;
  const ObjectName one_{"a", "c", "one"};
  const ObjectName two_{"a", "c", "two"};
};

TEST_P(SsyncReceiverTest, AnswersAnEmptySession) {
  EXPECT_EQ(run(updates("")), std::string(kNothingWanted) + kDone);
  EXPECT_EQ(result_, SessionResult::complete);
  EXPECT_THAT(names_in(device_.partition().path()), ElementsAre(".lock-replication"));
}

// The end of the body counts as END in either phase.
TEST_P(SsyncReceiverTest, TakesTheBodysEndForEnd) {
  EXPECT_EQ(run(std::string(kNoOffers) + ":UPDATES: START\r\n"), std::string(kNothingWanted) + kDone);
  EXPECT_EQ(result_, SessionResult::complete);
  EXPECT_EQ(run(":MISSING_CHECK: START\r\n"), kNothingWanted);
  EXPECT_EQ(result_, SessionResult::cut);
}

TEST_P(SsyncReceiverTest, SaysNothingToASenderThatLeftBeforeAPhase) {
  for (const ScriptEnd end : {ScriptEnd::clean, ScriptEnd::cut, ScriptEnd::interrupt}) {
    EXPECT_EQ(run("", end), "\r\n");
    EXPECT_EQ(result_, SessionResult::cut);
    EXPECT_EQ(after_missing_check(kNoOffers, end), "");
    EXPECT_EQ(result_, SessionResult::cut);
  }
}

TEST_P(SsyncReceiverTest, AsksForWhatIsMissing) {
  device_.add_data(one_, kT1, "one");
  const std::string missing = device_.hash_of(two_);
  const std::string present = device_.hash_of(one_);
  EXPECT_EQ(run(offers(missing + " " + kT1 + "\r\n" + present + " " + kT1 + "\r\n")),
            "\r\n:MISSING_CHECK: START\r\n" + missing + " dm\r\n:MISSING_CHECK: END\r\n" + kDone);
  EXPECT_EQ(run(offers(present + " " + kT2 + " m:186a0\r\n" + missing + " " + kT1 + "\r\n")),
            "\r\n:MISSING_CHECK: START\r\n" + present + " dm\r\n" + missing +
                " dm\r\n:MISSING_CHECK: END\r\n" + kDone);
  EXPECT_EQ(run(offers(present + " " + kT1 + " m:186a0\r\n")),
            "\r\n:MISSING_CHECK: START\r\n" + present + " m\r\n:MISSING_CHECK: END\r\n" + kDone);
  device_.add_tombstone(two_, kT1);
  EXPECT_EQ(run(offers(missing + " " + kT2 + " m:186a0\r\n")),
            "\r\n:MISSING_CHECK: START\r\n" + missing + " d\r\n:MISSING_CHECK: END\r\n" + kDone);
}

// What is on the device after the updates, whether it was offered as it is, newer or older.
TEST_P(SsyncReceiverTest, TellsWhatItHasOfWhatWasOfferedIfItIsAsked) {
  session_.tell_held = true;
  const ObjectName posted{"a", "c", "posted"};
  const ObjectName deleted{"a", "c", "deleted"};
  const ObjectName damaged{"a", "c", "damaged"};
  device_.add_data(posted, kT2, "newer");
  device_.add_meta(posted, kT3);
  device_.add_tombstone(deleted, kT2);
  device_.add_data(damaged, kT1, "x", {{"Content-Length", "5"}});
  std::string list;
  for (const ObjectName& name : {one_, posted, deleted, two_, damaged}) {
    list += device_.hash_of(name) + " " + kT1 + "\r\n";
  }
  const std::string sent =
      run(":MISSING_CHECK: START\r\n" + list + ":MISSING_CHECK: END\r\n:UPDATES: START\r\n" +
          put("/a/c/one", kT1, "one") + ":UPDATES: END\r\n");
  const std::string held = ":HELD: START\r\n" + device_.hash_of(one_) + " data " + kT1 + " " + kT1 + "\r\n" +
                           device_.hash_of(posted) + " data " + kT2 + " " + kT3 + "\r\n" +
                           device_.hash_of(deleted) + " deleted " + kT2 + " " + kT2 + "\r\n:HELD: END\r\n";
  EXPECT_THAT(sent, ::testing::EndsWith(":MISSING_CHECK: END\r\n" + held + kDone));
}

TEST_P(SsyncReceiverTest, TellsNothingAfterASessionThatFailed) {
  session_.tell_held = true;
  device_.add_data(one_, kT1, "one");
  const std::string sent =
      run(":MISSING_CHECK: START\r\n" + device_.hash_of(one_) + " " + kT1 +
          "\r\n:MISSING_CHECK: END\r\n:UPDATES: START\r\nPUT /a/c/two\r\nX-Timestamp: x\r\n"
          "Content-Length: 0\r\n\r\n:UPDATES: END\r\n");
  EXPECT_THAT(sent, ::testing::EndsWith("1 failures to 0 successes'\n"));
  EXPECT_THAT(sent, ::testing::Not(::testing::HasSubstr("HELD")));
}

struct ErrorCase {
  const char* script;
  const char* line;
};

TEST_P(SsyncReceiverTest, GivesErrorsOfTheMissingCheckBackAsPythonPrintsThem) {
  const ErrorCase cases[] = {
      {"garbage\r\n", ":ERROR: 0 \"Looking for :MISSING_CHECK: START got b'garbage\\\\r\\\\n'\"\n"},
      {"\r\n", ":ERROR: 0 \"Looking for :MISSING_CHECK: START got b'\\\\r\\\\n'\"\n"},
      {"it's\n", ":ERROR: 0 'Looking for :MISSING_CHECK: START got b\"it\\'s\\\\n\"'\n"},
      {":MISSING_CHECK: START\r\n\r\n", ":ERROR: 0 'list index out of range'\n"},
      {":MISSING_CHECK: START\r\nhash\r\n", ":ERROR: 0 'list index out of range'\n"},
      {":MISSING_CHECK: START\r\n0123456789abcdef0123456789abcdef x\r\n",
       ":ERROR: 0 \"could not convert string to float: 'x'\"\n"},
      {":MISSING_CHECK: START\r\n0123456789abcdef0123456789abcdef 1\r\n\xc3\xa9 1\r\n",
       ":ERROR: 0 \"'ascii' codec can't decode byte 0xc3 in position 0: ordinal not in range(128)\"\n"},
  };
  for (const ErrorCase& c : cases) {
    // An error during the missing check discards all wanted lines.
    EXPECT_EQ(run(c.script), "\r\n" + std::string(c.line)) << c.script;
    EXPECT_EQ(result_, SessionResult::cut);
  }
}

TEST_P(SsyncReceiverTest, GivesAThousandBytesOfAWrongLineBack) {
  EXPECT_EQ(run(std::string(5000, 'x') + "\r\n"),
            "\r\n:ERROR: 0 \"Looking for :MISSING_CHECK: START got b'" + std::string(1024, 'x') + "'\"\n");
}

TEST_P(SsyncReceiverTest, GivesErrorsOfUpdatesBackAsPythonPrintsThem) {
  const ErrorCase cases[] = {
      {"garbage\r\n", ":ERROR: 0 \"Looking for :UPDATES: START got b'garbage\\\\r\\\\n'\"\n"},
      {":UPDATES: START\r\n\r\n", ":ERROR: 0 'not enough values to unpack (expected 2, got 1)'\n"},
      {":UPDATES: START\r\nPUT\r\n", ":ERROR: 0 'not enough values to unpack (expected 2, got 1)'\n"},
      {":UPDATES: START\r\nPUT /a/c/o\r\n", ":ERROR: 0 'Got no headers for PUT /a/c/o'\n"},
      {":UPDATES: START\r\nPUT /a/c/o\r\nno colon\r\n",
       ":ERROR: 0 'not enough values to unpack (expected 2, got 1)'\n"},
      {":UPDATES: START\r\nPUT /a/c/o\r\nContent-Length: x\r\n",
       ":ERROR: 0 \"invalid literal for int() with base 10: 'x'\"\n"},
      {":UPDATES: START\r\nPUT /a/c/o\r\n\r\n", ":ERROR: 0 'No content-length sent for PUT /a/c/o'\n"},
      {":UPDATES: START\r\nDELETE /a/c/o\r\nContent-Length: 1\r\n\r\n",
       ":ERROR: 0 'DELETE subrequest with content-length /a/c/o'\n"},
      {":UPDATES: START\r\nPOST /a/c/o\r\nContent-Length: 1\r\n\r\n",
       ":ERROR: 0 'POST subrequest with content-length /a/c/o'\n"},
      {":UPDATES: START\r\nGET /a/c/o\r\n\r\n", ":ERROR: 0 'Invalid subrequest method GET'\n"},
      {":UPDATES: START\r\nput /a/c/o\r\n\r\n", ":ERROR: 0 'Invalid subrequest method put'\n"},
  };
  for (const ErrorCase& c : cases) {
    EXPECT_EQ(after_missing_check(std::string(kNoOffers) + c.script), c.line) << c.script;
    EXPECT_EQ(result_, SessionResult::cut);
  }
}

// Swift reads the sender's bytes as Latin-1 and writes the line as UTF-8.
TEST_P(SsyncReceiverTest, BoundsTheHeadersOfASubrequest) {
  std::string many = "DELETE /a/c/one\r\n";
  for (int i = 0; i <= 5000; ++i) many += "X-" + std::to_string(i) + ": v\r\n";
  EXPECT_EQ(after_missing_check(updates(many + "\r\n")),
            ":ERROR: 0 'Too many headers for DELETE /a/c/one'\n");
  std::string large = "DELETE /a/c/one\r\n";
  for (int i = 0; i < 70; ++i) large += "X-A: " + std::string(60000, 'v') + "\r\n";
  EXPECT_EQ(after_missing_check(updates(large + "\r\n")),
            ":ERROR: 0 'Too many headers for DELETE /a/c/one'\n");
}

TEST_P(SsyncReceiverTest, GivesNonAsciiBackAsLatin1) {
  const ErrorCase cases[] = {
      {"PUT /a/c/\xc3\xa9\xff\r\n\r\n",
       ":ERROR: 0 'No content-length sent for PUT /a/c/\xc3\x83\xc2\xa9\xc3\xbf'\n"},
      {"PUT /a/c/\xc3\xa9\r\n", ":ERROR: 0 'Got no headers for PUT /a/c/\xc3\x83\xc2\xa9'\n"},
      {"G\xc9T /a/c/o\r\n\r\n", ":ERROR: 0 'Invalid subrequest method G\xc3\x89T'\n"},
      {"DELETE /a/c/\xe9\r\nContent-Length: 1\r\n\r\n",
       ":ERROR: 0 'DELETE subrequest with content-length /a/c/\xc3\xa9'\n"},
      {"PUT /a/c/o\r\nContent-Length: \xe9\xad\r\n",
       ":ERROR: 0 \"invalid literal for int() with base 10: '\xc3\xa9\\\\xad'\"\n"},
  };
  for (const ErrorCase& c : cases) {
    EXPECT_EQ(after_missing_check(std::string(kNoOffers) + ":UPDATES: START\r\n" + c.script), c.line)
        << c.script;
  }
}

TEST_P(SsyncReceiverTest, TellsASilentSender) {
  EXPECT_EQ(run("", ScriptEnd::silence), "\r\n:ERROR: 408 '60.0 seconds: missing_check start'\n");
  EXPECT_EQ(run(":MISSING_CHECK: START\r\n", ScriptEnd::silence),
            "\r\n:ERROR: 408 '60.0 seconds: missing_check line'\n");
  const std::string updates_start = std::string(kNoOffers) + ":UPDATES: START\r\n";
  EXPECT_EQ(after_missing_check(kNoOffers, ScriptEnd::silence),
            ":ERROR: 408 '60.0 seconds: updates start'\n");
  EXPECT_EQ(after_missing_check(updates_start, ScriptEnd::silence),
            ":ERROR: 408 '60.0 seconds: updates line'\n");
  EXPECT_EQ(after_missing_check(updates_start + "PUT /a/c/o\r\n", ScriptEnd::silence),
            ":ERROR: 408 '60.0 seconds: updates line'\n");
  // lp2115991: not an answer to the subrequest, after which its body would be read as the next one.
  const std::string whole = put("/a/c/one", kT1, "hello");
  EXPECT_EQ(after_missing_check(updates_start + whole.substr(0, whole.size() - 1), ScriptEnd::silence),
            ":ERROR: 408 '60.0 seconds: updates content'\n");
  EXPECT_EQ(result_, SessionResult::cut);
}

TEST_P(SsyncReceiverTest, CarriesSubrequestsOut) {
  device_.add_data(two_, kT1, "two");
  EXPECT_EQ(run(updates(put("/a/c/one", kT1, "hello") +
                        post("/a/c/one", kT2, "X-Object-Meta-Color: red\r\n") + del("/a/c/two", kT2))),
            std::string(kNothingWanted) + kDone);
  EXPECT_EQ(result_, SessionResult::complete);
  EXPECT_TRUE(is_open(one_, "hello"));
  EXPECT_THAT(device_.files_of(one_), ElementsAre(std::string(kT1) + ".data", std::string(kT2) + ".meta"));
  EXPECT_THAT(device_.files_of(two_), ElementsAre(std::string(kT2) + ".ts"));
}

TEST_P(SsyncReceiverTest, CarriesBodiesOfAnyPiecesAndBytes) {
  std::string data;
  for (int i = 0; i < 1000; ++i) data += "\r\n:UPDATES: END\r\n" + std::string(1, static_cast<char>(i));
  const std::string script = updates(put("/a/c/one", kT1, data) + put("/a/c/two", kT1, ""));
  for (const std::size_t piece_size : {std::size_t{1}, std::size_t{7}, std::size_t{4096}, script.size()}) {
    std::filesystem::remove_all(device_.partition().path());
    EXPECT_EQ(run(script, ScriptEnd::clean, piece_size), std::string(kNothingWanted) + kDone);
    EXPECT_TRUE(is_open(one_, data)) << piece_size;
    EXPECT_TRUE(is_open(two_, "")) << piece_size;
  }
}

// 404 is a success: a DELETE of what is not there.
TEST_P(SsyncReceiverTest, CountsANotFoundAsSuccess) {
  EXPECT_EQ(after_missing_check(updates(del("/a/c/one", kT1) + post("/a/c/two", kT1))), kDone);
}

TEST_P(SsyncReceiverTest, ReadsTheBodyOfAFailedSubrequestAway) {
  device_.add_data(one_, kT2, "newer");
  EXPECT_EQ(
      after_missing_check(updates(put("/a/c/one", kT1, "DELETE /a/c/two\r\n") + put("/a/c/two", kT1, "two"))),
      ":ERROR: 500 b'ERROR: With :UPDATES: 1 failures to 1 successes'\n");
  EXPECT_EQ(result_, SessionResult::cut);
  EXPECT_TRUE(is_open(two_, "two"));
}

TEST_P(SsyncReceiverTest, AFailedPutWithAShortBodyEndsWithoutAWord) {
  device_.add_data(one_, kT2, "newer");
  const std::string whole = put("/a/c/one", kT1, "older");
  EXPECT_EQ(
      after_missing_check(std::string(kNoOffers) + ":UPDATES: START\r\n" + whole.substr(0, whole.size() - 1)),
      "");
  EXPECT_EQ(result_, SessionResult::cut);
}

TEST_P(SsyncReceiverTest, EndsAtTheFailureThreshold) {
  device_.receiver().replication_failure_threshold = 2;
  device_.receiver().replication_failure_ratio = 1.5;
  const std::string success = del("/a/c/one", kT1);
  const std::string failure = del("/a/c/one", "x");
  struct Case {
    std::string subrequests;
    const char* line;
  };
  const Case cases[] = {
      {failure, ":ERROR: 500 b'ERROR: With :UPDATES: 1 failures to 0 successes'\n"},
      {failure + failure + failure, ":ERROR: 0 'Too many 2 failures to 0 successes'\n"},
      {success + failure + failure + failure, ":ERROR: 0 'Too many 2 failures to 1 successes'\n"},
      {success + success + failure + failure + failure,
       ":ERROR: 500 b'ERROR: With :UPDATES: 3 failures to 2 successes'\n"},
      {success + success + failure + failure + failure + failure,
       ":ERROR: 0 'Too many 4 failures to 2 successes'\n"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(after_missing_check(updates(c.subrequests)), c.line);
    EXPECT_EQ(result_, SessionResult::cut);
  }
  // Tested after a success too.
  device_.receiver().replication_failure_threshold = 0;
  device_.receiver().replication_failure_ratio = -1;
  EXPECT_EQ(after_missing_check(updates(success)), ":ERROR: 0 'Too many 0 failures to 1 successes'\n");
}

TEST_P(SsyncReceiverTest, TellsStatsdOfItsSubrequests) {
  ASSERT_EQ(after_missing_check(updates(put("/a/c/one", kT1, "1") + put("/a/c/one", kT2, "2") +
                                        post("/a/c/one", kT3) + del("/a/c/two", kT1))),
            kDone);
  EXPECT_THAT(metrics(), ElementsAre("s.DELETE.timing", "s.POST.timing", "s.PUT.sda1.timing",
                                     "s.PUT.sda1.timing", "s.PUT.timing", "s.PUT.timing"));
}

// Swift's methods raise what their commit does, but for a full disk.
TEST_P(SsyncReceiverTest, TellsStatsdOfNoSubrequestThatFailsInItsCommit) {
  std::filesystem::create_directories(device_.partition().path() + "/hashes.invalid");
  EXPECT_THAT(after_missing_check(updates(put("/a/c/one", kT1, "1") + del("/a/c/two", kT1))),
              StartsWith(":ERROR: 500 "));
  EXPECT_THAT(metrics(), ElementsAre("s.PUT.sda1.timing"));
}

// They are stored all the same.
TEST_P(SsyncReceiverTest, TellsStatsdOfSubrequestsBeforeTheSessionFailed) {
  EXPECT_THAT(after_missing_check(std::string(kNoOffers) + ":UPDATES: START\r\n" + del("/a/c/one", kT1) +
                                  "NONE /a/c/two\r\n\r\n"),
              StartsWith(":ERROR: 0 "));
  EXPECT_THAT(metrics(), ElementsAre("s.DELETE.timing"));
}

TEST_P(SsyncReceiverTest, WaitsForItsTurnAsLongAsForALock) {
  device_.receiver().replication_lock_timeout = 1;
  Board board(4, {.workers = 8, .slots = 3});
  BoardPlace mine(board, board.use());
  BoardPlace other(board, board.use());
  const auto run_beside = [&](const std::string& partition) {
    const BoardRequest request{.method = "SSYNC", .device = "sda1", .partition = partition};
    const Admission running(other, request, 1);
    Admission waiting(mine, {.method = "SSYNC", .device = "sda1", .partition = "7"}, 1);
    EXPECT_TRUE(waiting.is_admitted());
    ScriptedInput input(updates(""));
    CollectedOutput output;
    EXPECT_EQ(SsyncReceiver(session_, input, output, waiting, threads_, metrics_, {}).run(),
              SessionResult::cut);
    return output.sent();
  };
  const std::string partition = device_.partition().path();
  EXPECT_EQ(run_beside("7"), "\r\n:ERROR: 0 '1 second: " + partition + "/.lock-replication'\n");
  EXPECT_THAT(run_beside("8"), MatchesRegex("\r\n:ERROR: 0 '" + std::string(kSecondsLeft) + ": " +
                                            device_.path() + "/\\.lock'\n"));
  EXPECT_FALSE(std::filesystem::exists(partition)) << "the disk is not touched";
}

TEST_P(SsyncReceiverTest, GivesItsSlotBackHoweverItEnds) {
  Board board(1, {.workers = 2, .slots = 1});
  BoardPlace place(board, board.use());
  for (const char* script : {"garbage\r\n", "", ":MISSING_CHECK: START\r\n"}) {
    Admission admission(place, {.method = "SSYNC", .device = "sda1", .partition = "7"}, 1);
    EXPECT_TRUE(admission.is_admitted());
    ScriptedInput input(script);
    CollectedOutput output;
    SsyncReceiver(session_, input, output, admission, threads_, metrics_, {}).run();
    EXPECT_EQ(board.free_slots(), 1);
  }
}

// lp1897177: whoever sends this partition holds its lock.
TEST_P(SsyncReceiverTest, IsRefusedWhileThePartitionIsLocked) {
  device_.receiver().replication_lock_timeout = 0;
  // .lock-replication is taken even where the device has no limit.
  device_.receiver().replication_concurrency_per_device = 0;
  const PathLock held(LockRequest{.directory = device_.partition().path(),
                                  .name = "replication",
                                  .limit = 1,
                                  .timeout = 10,
                                  .timeout_text = "10",
                                  .give_up = {}});
  EXPECT_EQ(run(updates("")),
            "\r\n:ERROR: 0 '0 seconds: " + device_.partition().path() + "/.lock-replication'\n");
  EXPECT_EQ(result_, SessionResult::cut);
}

TEST_P(SsyncReceiverTest, IsRefusedWhileTheDeviceIsBusy) {
  device_.receiver().replication_lock_timeout = 1;
  LockRequest request{.directory = device_.path(),
                      .name = "",
                      .limit = 1,
                      .timeout = 10,
                      .timeout_text = "10",
                      .give_up = {}};
  const PathLock held(request);
  EXPECT_THAT(run(updates("")), MatchesRegex("\r\n:ERROR: 0 '" + std::string(kSecondsLeft) + ": " +
                                             device_.path() + "/\\.lock'\n"));
  // Two may work on the device: the second takes .lock-1.
  device_.receiver().replication_concurrency_per_device = 2;
  EXPECT_EQ(run(updates("")), std::string(kNothingWanted) + kDone);
}

TEST_P(SsyncReceiverTest, StopsWaitingForALockWhenTold) {
  interrupted_ = true;
  const PathLock held(LockRequest{.directory = device_.partition().path(),
                                  .name = "replication",
                                  .limit = 1,
                                  .timeout = 10,
                                  .timeout_text = "10",
                                  .give_up = {}});
  EXPECT_EQ(run(updates("")), "\r\n");
  EXPECT_EQ(result_, SessionResult::cut);
}

TEST_P(SsyncReceiverTest, GivesItsLocksBackBeforeTheLastLine) {
  class Watching final : public ResponseOutput {
   public:
    explicit Watching(std::string partition) : partition_(std::move(partition)) {}
    void write(std::string_view data) override {
      sent_ += data;
      if (sent_.ends_with(":UPDATES: END\r\n")) {
        const PathLock free(LockRequest{.directory = partition_,
                                        .name = "replication",
                                        .limit = 1,
                                        .timeout = 0,
                                        .timeout_text = "0",
                                        .give_up = {}});
        was_free_ = true;
      }
    }
    void flush() override {}
    [[nodiscard]] bool was_free() const { return was_free_; }

   private:
    std::string partition_;
    std::string sent_;
    bool was_free_ = false;
  };
  ScriptedInput input(updates(""));
  Watching output(device_.partition().path());
  EXPECT_EQ(run_session(input, output), SessionResult::complete);
  EXPECT_TRUE(output.was_free());
}

TEST_P(SsyncReceiverTest, SendsItsFirstLineBeforeItReadsUnlessTheListFollows) {
  class Nothing final : public RequestInput {
   public:
    explicit Nothing(const CollectedOutput& output) : output_(output) {}
    std::string_view read_line(std::string_view) override {
      sent_before_ = output_.sent();
      throw ClientGone("gone");
    }
    std::string_view read_some(std::size_t, std::string_view) override { throw ClientGone("gone"); }
    bool is_waiting() override { return true; }
    [[nodiscard]] const std::string& sent_before() const { return sent_before_; }

   private:
    const CollectedOutput& output_;
    std::string sent_before_ = "it did not read";
  };
  for (const bool list_follows : {false, true}) {
    session_.list_follows = list_follows;
    CollectedOutput output;
    Nothing input(output);
    EXPECT_EQ(run_session(input, output), SessionResult::cut);
    EXPECT_EQ(input.sent_before(), list_follows ? "" : "\r\n");
    EXPECT_EQ(run(updates("")), std::string(kNothingWanted) + kDone);
  }
}

TEST_P(SsyncReceiverTest, SendsItsFirstLineBeforeItWaits) {
  session_.list_follows = true;
  Board board(4, {.workers = 8, .slots = 3});
  BoardPlace mine(board, board.use());
  BoardPlace other(board, board.use());
  struct Case {
    const char* why;
    bool is_busy;
    std::string locked;
    std::string name;
  };
  for (const Case& c : {Case{"a turn", true, "", ""},
                        Case{"the partition's lock", false, device_.partition().path(), "replication"},
                        Case{"the device's lock", false, device_.path(), ""}}) {
    std::optional<Admission> running;
    std::optional<PathLock> lock;
    if (c.is_busy) {
      running.emplace(other, BoardRequest{.method = "SSYNC", .device = "sda1", .partition = "7"}, 1);
    } else {
      lock.emplace(LockRequest{.directory = c.locked,
                               .name = c.name,
                               .limit = 1,
                               .timeout = 10,
                               .timeout_text = "10",
                               .give_up = {}});
    }
    std::string sent;
    ScriptedInput input(updates(""));
    CollectedOutput output;
    Admission admission(mine, {.method = "SSYNC", .device = "sda1", .partition = "7"}, 1);
    SsyncReceiver receiver(session_, input, output, admission, threads_, metrics_, [&] {
      sent = output.sent();
      running.reset();
      lock.reset();
      return false;
    });
    EXPECT_EQ(receiver.run(), SessionResult::complete) << c.why;
    EXPECT_EQ(sent, "\r\n") << c.why;
  }
}

TEST_P(SsyncReceiverTest, SurvivesAPeerThatDoesNotListen) {
  const std::string script = updates(put("/a/c/one", kT1, "hello"));
  // The last lines leave after it.
  const std::size_t size = run(script).size() - (sizeof kDone - 1);
  for (std::size_t limit = 0; limit < size; ++limit) {
    ScriptedInput input(script);
    CollectedOutput output;
    output.set_limit(limit);
    EXPECT_EQ(run_session(input, output), SessionResult::cut) << limit;
  }
  ScriptedInput garbage("garbage\r\n");
  CollectedOutput output;
  output.set_limit(2);
  EXPECT_EQ(run_session(garbage, output), SessionResult::cut);
}

TEST_P(SsyncReceiverTest, KeepsDamageThatItFoundEvenIfTheSessionFails) {
  device_.add_data(one_, kT1, "one", {{"Content-Length", "5"}});
  EXPECT_EQ(run(":MISSING_CHECK: START\r\n" + device_.hash_of(one_) + " " + kT1 + "\r\nx\r\n"),
            "\r\n:ERROR: 0 'list index out of range'\n");
  EXPECT_THAT(device_.quarantined(), ElementsAre(device_.hash_of(one_)));
  EXPECT_THAT(metrics(), ElementsAre("s.quarantines"));
}

// Wherever a session is cut, what is visible is whole, and what it acknowledged is there.
class CutSessionTest : public SsyncReceiverTest {
 protected:
  void run_cut_everywhere(ScriptEnd end) {
    device_.settings().bytes_per_sync = 1 << 30;
    const std::string old_data = "the object that was here";
    const std::string subrequests = put("/a/c/one", kT2, "hello\r\nhello") +
                                    post("/a/c/one", kT3, "X-Object-Meta-Color: red\r\n") +
                                    put("/a/c/two", kT2, "2") + del("/a/c/three", kT2);
    const std::string script = ":MISSING_CHECK: START\r\n" + device_.hash_of(one_) + " " + kT2 +
                               " m:186a0\r\n:MISSING_CHECK: END\r\n:UPDATES: START\r\n" + subrequests +
                               ":UPDATES: END\r\n";
    for (std::size_t size = 0; size < script.size(); ++size) {
      SCOPED_TRACE(size);
      std::filesystem::remove_all(device_.partition().path());
      device_.add_data(one_, kT1, old_data, {{"ETag", md5_hex(old_data)}});
      const std::string sent = run(script.substr(0, size), end);
      const bool complete = result_ == SessionResult::complete;
      EXPECT_EQ(complete, sent.ends_with(kDone));
      EXPECT_TRUE(is_open(one_, "hello\r\nhello") || (is_open(one_, old_data) && !complete));
      for (const ObjectName& name : {one_, two_, three_}) {
        for (const std::string& file : device_.files_of(name)) EXPECT_NO_THROW(parse_object_file(file));
      }
      DiskFile two(device_.partition(), two_);
      const OpenOutcome outcome = two.open(ExpiredObjects::open, 0);
      EXPECT_TRUE(outcome == OpenOutcome::not_exist || is_open(two_, "2"));
      EXPECT_THAT(device_.quarantined(), IsEmpty());
    }
    std::filesystem::remove_all(device_.partition().path());
    run(script, end);
    EXPECT_EQ(result_, SessionResult::complete);
    EXPECT_TRUE(is_open(one_, "hello\r\nhello"));
  }

  const ObjectName three_{"a", "c", "three"};
};

// A clean end in mid-session may complete it (the body's end is END) once the subrequests before it did.
TEST_P(CutSessionTest, ByTheSendersVanishing) { run_cut_everywhere(ScriptEnd::cut); }
TEST_P(CutSessionTest, ByTheSendersSilence) { run_cut_everywhere(ScriptEnd::silence); }
TEST_P(CutSessionTest, ByTheWorkersStop) { run_cut_everywhere(ScriptEnd::interrupt); }

TEST_P(CutSessionTest, ByTheBodysCleanEnd) {
  const std::string whole = put("/a/c/one", kT2, "hello");
  const std::string start = std::string(kNoOffers) + ":UPDATES: START\r\n";
  for (std::size_t size = 1; size < whole.size(); ++size) {
    std::filesystem::remove_all(device_.partition().path());
    run(start + whole.substr(0, size));
    EXPECT_EQ(result_, SessionResult::cut) << size;
    EXPECT_THAT(device_.files_of(one_), IsEmpty()) << size;
  }
  run(start + whole);
  EXPECT_EQ(result_, SessionResult::complete);
  EXPECT_TRUE(is_open(one_, "hello"));
}

class Replication2013Test : public SsyncReceiverTest {
 protected:
  Replication2013Test() { session_.dialect = Dialect::replication_2013; }
};

TEST_P(Replication2013Test, AsksForBareHashes) {
  device_.add_data(one_, kT1, "one");
  const std::string present = device_.hash_of(one_);
  const std::string missing = device_.hash_of(two_);
  EXPECT_EQ(run(offers(present + " " + kT1 + "\r\n" + missing + " " + kT1 + "\r\n")),
            "\r\n:MISSING_CHECK: START\r\n" + missing + "\r\n:MISSING_CHECK: END\r\n" + kDone);
  EXPECT_EQ(
      run(offers(present + " " + kT2 + "\r\n" + missing + " " + kT1 + "\r\n")),
      "\r\n:MISSING_CHECK: START\r\n" + present + "\r\n" + missing + "\r\n:MISSING_CHECK: END\r\n" + kDone);
  device_.add_meta(one_, kT3);
  EXPECT_EQ(run(offers(present + " " + kT2 + "\r\n")), std::string(kNothingWanted) + kDone);
}

TEST_P(Replication2013Test, TakesPutAndDeleteOnly) {
  EXPECT_EQ(after_missing_check(updates(put("/a/c/one", kT1, "hello") + del("/a/c/two", kT1))), kDone);
  EXPECT_TRUE(is_open(one_, "hello"));
  EXPECT_EQ(after_missing_check(updates(post("/a/c/one", kT2))),
            ":ERROR: 0 'Invalid subrequest method POST'\n");
}

TEST_P(Replication2013Test, RefusesItemsBehindTheTime) {
  EXPECT_EQ(run(offers(device_.hash_of(one_) + " " + kT1 + " m:1\r\n")),
            "\r\n:ERROR: 0 'too many values to unpack (expected 2)'\n");
}

std::string mode_name(const ::testing::TestParamInfo<CommitMode>& info) {
  return info.param == CommitMode::group ? "group" : "each";
}
constexpr auto kBothModes = {CommitMode::group, CommitMode::each};
INSTANTIATE_TEST_SUITE_P(BothModes, SsyncReceiverTest, ::testing::ValuesIn(kBothModes), mode_name);
INSTANTIATE_TEST_SUITE_P(BothModes, CutSessionTest, ::testing::ValuesIn(kBothModes), mode_name);
INSTANTIATE_TEST_SUITE_P(BothModes, Replication2013Test, ::testing::ValuesIn(kBothModes), mode_name);

}  // namespace
}  // namespace ssync
