// Our sender against our receiver, with as much HTTP between them as they need.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <sstream>
#include <utility>

#include "common/os/lock_path.h"
#include "common/os/md5.h"
#include "tests/unit/scripted_server.h"
#include "tests/unit/temporary_device.h"
#include "worker/request/errors.h"
#include "worker/sender/errors.h"
#include "worker/sender/http_response.h"
#include "worker/sender/partition_objects.h"
#include "worker/sender/send_report.h"
#include "worker/sender/sender_session.h"
#include "worker/serve/routes.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;

const char kT1[] = "1700000001.00000";
const char kT2[] = "1700000002.00000";
const char kT3[] = "1700000003.00000";

// The head of an HTTP request as FastCGI parameters.
class RequestParams {
 public:
  explicit RequestParams(const std::string& head) {
    std::istringstream lines(head);
    std::string version;
    lines >> params_["REQUEST_METHOD"] >> params_["REQUEST_URI"] >> version;
    lines.ignore(2);
    for (std::string line; std::getline(lines, line) && line != "\r";) {
      const std::size_t colon = line.find(": ");
      std::string name = "HTTP_" + line.substr(0, colon);
      for (char& c : name) c = c == '-' ? '_' : static_cast<char>(::toupper(c));
      params_[name] = line.substr(colon + 2, line.size() - colon - 3);
    }
  }
  std::optional<std::string> operator()(const char* name) const {
    const auto found = params_.find(name);
    if (found == params_.end()) return std::nullopt;
    return found->second;
  }

 private:
  std::map<std::string, std::string> params_;
};

// A chunked body.
class ChunkedInput final : public RequestInput {
 public:
  explicit ChunkedInput(ServedConnection& connection) : connection_(connection) {}

  std::string_view read_line(std::string_view context) override {
    std::size_t newline = 0;
    while ((newline = body_.find('\n')) == std::string::npos) {
      if (!receive(context)) return {};
    }
    return take(newline + 1);
  }
  std::string_view read_some(std::size_t limit, std::string_view context) override {
    while (body_.empty()) {
      if (!receive(context)) throw ClientGone("early end");
    }
    return take(std::min(limit, body_.size()));
  }
  bool is_waiting() override { return body_.empty(); }

 private:
  std::string_view take(std::size_t size) {
    last_ = body_.substr(0, size);
    body_.erase(0, size);
    return last_;
  }
  // False at the clean end.
  bool receive(std::string_view context) {
    if (decoder_.ended()) return false;
    const std::string raw = connection_.read_some();
    if (raw.empty()) throw ClientGone("connection closed: " + std::string(context));
    decoder_.decode(raw, body_);
    return true;
  }

  ServedConnection& connection_;
  HttpBodyDecoder decoder_{HttpResponseHead::parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked")};
  std::string body_;
  std::string last_;
};

// Gives CGI's "Status: 200 OK" a version instead. The connection's end is the body's.
class HttpOutput final : public ResponseOutput {
 public:
  explicit HttpOutput(ServedConnection& connection) : connection_(connection) {}

  void write(std::string_view data) override { pending_ += data; }
  void flush() override {
    constexpr std::string_view kStatus = "Status: ";
    if (pending_.starts_with(kStatus)) pending_.replace(0, kStatus.size(), "HTTP/1.1 ");
    connection_.send(std::exchange(pending_, {}));
  }

 private:
  ServedConnection& connection_;
  std::string pending_;
};

struct Policy {
  int index = 0;
  std::optional<int> fragment_index = {};
};

// Two devices, each with the partition.
class RoundTripTest : public ::testing::Test {
 protected:
  explicit RoundTripTest(Policy policy = {}) : policy_(policy), here_(policy.index), there_(policy.index) {
    for (TemporaryDevice* device : {&here_, &there_}) device->settings().reclaim_age = std::int64_t{1} << 40;
  }

  // "done", or in which words the session ended.
  std::string send(bool dry_run = false, const std::string& device = "sda1") {
    const auto serve = [this](ServedConnection& connection) {
      const RequestParams params(connection.read_head());
      ChunkedInput input(connection);
      HttpOutput output(connection);
      DiskThreads threads(4);
      RequestMetrics metrics({}, "");
      Board board(1, {.workers = 8});
      BoardPlace place(board, board.use());
      Routes routes(there_.configuration(), place, threads, metrics, {}, [] { return false; });
      const Request request{input, output, params};
      RequestOutcome outcome;
      result_ = routes.answer(request, RequestHead::from_params(params), outcome);
      output.flush();
      connection.end_sending();
      connection.read_to_end();
    };
    ScriptedServer server(serve);
    std::string result = "done";
    {
      const Interruption interruption;
      SenderSession session({.receiver = {.host = "127.0.0.1", .port = server.port(), .device = device},
                             .partition = "7",
                             .policy_index = policy_.index,
                             .fragment_index = policy_.fragment_index,
                             .dry_run = dry_run,
                             .ask_held = true,
                             .limits = {.timeout = std::chrono::seconds(20)}},
                            interruption, [](const SenderProgress&) {});
      std::optional<PartitionObjects> objects;
      try {
        session.run([&](bool accepts_no_commit) -> ObjectSource& {
          FragmentRequest request{
              .policy = nullptr, .fragment_index = policy_.fragment_index, .preferences = {}};
          if (policy_.fragment_index && accepts_no_commit) request.preferences.emplace();
          return objects.emplace(here_.partition(), std::vector<std::string>(), request);
        });
      } catch (const ReceiverRefused& refused) {
        result = refused.what();
      }
      progress_ = session.progress();
      held_ = session.held();
    }
    EXPECT_EQ(server.join(), "");
    return result;
  }

  // Stores an object, with an ETag that is right, on the sender's device.
  void store(const ObjectName& name, const std::string& time, const std::string& data,
             const std::vector<std::pair<std::string, std::string>>& more = {}) const {
    auto all = more;
    all.emplace(all.begin(), "ETag", md5_hex(data));
    here_.add_data(name, time, data, all);
  }

  // {path below the partition: contents and metadata} of the objects' files.
  static std::map<std::string, std::pair<std::string, std::map<std::string, std::string>>> objects_of(
      const TemporaryDevice& device) {
    std::map<std::string, std::pair<std::string, std::map<std::string, std::string>>> found;
    const std::string& root = device.partition().path();
    if (!std::filesystem::exists(root)) return found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
      const std::string path = entry.path();
      const bool is_objects = path.ends_with(".data") || path.ends_with(".ts") || path.ends_with(".meta");
      if (is_objects)
        found[path.substr(root.size())] = {read_file(path), as_map(read_metadata(path).metadata)};
    }
    return found;
  }

  Policy policy_;
  TemporaryDevice here_;
  TemporaryDevice there_;
  const ObjectName one_{"a", "c", "one"};
  const ObjectName two_{"a", "c", "two"};
  SenderProgress progress_;
  std::vector<HeldObject> held_;
  SessionResult result_ = SessionResult::cut;
};

TEST_F(RoundTripTest, BothSidesAreAlikeAfterwards) {
  for (int i = 0; i < 60; ++i) {
    const ObjectName name{"a", "c", std::to_string(i)};
    const std::string data(static_cast<std::size_t>(i) * 370, static_cast<char>(i));
    store(name, kT1, data);
    if (i % 3 == 0) here_.add_meta(name, kT2, {{"X-Object-Meta-Color", "red"}});
    // Of some there is an older version, of some nothing, and some are there already.
    if (i % 4 == 1) there_.add_data(name, "1600000000.00000", "older", {{"ETag", md5_hex("older")}});
    if (i % 4 == 2) there_.add_data(name, kT1, data, {{"ETag", md5_hex(data)}});
  }
  const ObjectName deleted{"a", "c", "deleted"};
  here_.add_tombstone(deleted, kT3);
  there_.add_data(deleted, kT1, "x", {{"ETag", md5_hex("x")}});

  EXPECT_EQ(send(), "done");
  EXPECT_EQ(result_, SessionResult::complete);
  EXPECT_EQ(objects_of(there_), objects_of(here_));
  EXPECT_EQ(held_.size(), 61U);
  EXPECT_EQ(std::count_if(held_.begin(), held_.end(), [](const HeldObject& held) { return held.is_deleted; }),
            1);
  EXPECT_EQ(std::count_if(held_.begin(), held_.end(),
                          [](const HeldObject& held) { return held.meta != held.data; }),
            20);
  EXPECT_EQ(progress_.offered, 61U);
  EXPECT_EQ(progress_.updates.put, 45U);
  EXPECT_EQ(progress_.updates.post, 20U);
  EXPECT_EQ(progress_.updates.deleted, 1U);
  EXPECT_EQ(progress_.updates.failed + progress_.updates.skipped, 0U);

  EXPECT_EQ(send(), "done") << "a second session";
  EXPECT_EQ(progress_.offered, 61U);
  EXPECT_EQ(progress_.wanted, 0U);
}

TEST_F(RoundTripTest, MetadataArriveAsTheyAre) {
  const ObjectName name{"AUTH_t\xc3\xa9st", "c", "\xe2\x82\xac %2F/\n\"<o>"};
  // Text that a Swift of Python 3 stores of bytes which are UTF-8.
  store(name, kT1, "data",
        {{"X-Object-Meta-Euro", "\xc3\xa2\xc2\x82\xc2\xac"},
         {"X-Object-Meta-Empty", ""},
         {"X-Object-Sysmeta-A", "system"},
         {"X-Delete-At", "4000000000"},
         {"Content-Encoding", "gzip"},
         {"Content-Type", "text/html; charset=\"x\""}});
  here_.add_meta(name, kT2, {{"X-Object-Meta-Shape", "r\xc3\x83\xc2\xb6und"}, {"X-Delete-At", "4000000001"}});
  EXPECT_EQ(send(), "done");
  EXPECT_EQ(objects_of(there_), objects_of(here_));
}

TEST_F(RoundTripTest, WhatIsNewerThereStays) {
  store(one_, kT1, "older");
  there_.add_data(one_, kT2, "newer", {{"ETag", md5_hex("newer")}});
  here_.add_tombstone(two_, kT1);
  there_.add_data(two_, kT2, "newer", {{"ETag", md5_hex("newer")}});
  const auto before = objects_of(there_);
  EXPECT_EQ(send(), "done");
  EXPECT_EQ(progress_.wanted, 0U);
  EXPECT_EQ(objects_of(there_), before);
}

TEST_F(RoundTripTest, ADryRunSaysWhatASessionWouldDo) {
  store(one_, kT1, "one");
  here_.add_meta(one_, kT2);
  here_.add_tombstone(two_, kT1);
  EXPECT_EQ(send(true), "done");
  EXPECT_EQ(result_, SessionResult::complete);
  EXPECT_EQ(progress_.wanted, 2U);
  EXPECT_EQ(progress_.updates.put, 1U);
  EXPECT_EQ(progress_.updates.bytes, 3U);
  EXPECT_EQ(progress_.updates.post, 1U);
  EXPECT_EQ(progress_.updates.deleted, 1U);
  EXPECT_THAT(objects_of(there_), IsEmpty());
}

TEST_F(RoundTripTest, TheSenderIsToldWhyItIsRefused) {
  store(one_, kT1, "one");
  EXPECT_EQ(send(false, "sdb1"),
            "the receiver answered 507 Insufficient Storage: Insufficient Storage There was not enough space "
            "to save "
            "the resource. Drive: sdb1");
  there_.receiver().replication_server = false;
  EXPECT_THAT(send(), MatchesRegex("the receiver answered 405 Method Not Allowed: .*"));
  there_.receiver().replication_server = true;
  there_.receiver().replication_lock_timeout = 0;
  const PathLock held(LockRequest{.directory = there_.partition().path(),
                                  .name = "replication",
                                  .limit = 1,
                                  .timeout = 10,
                                  .timeout_text = "10",
                                  .give_up = {}});
  EXPECT_EQ(send(), ":ERROR: 0 '0 seconds: " + there_.partition().path() + "/.lock-replication'");
}

// A body that is spoiled is of the length that its head said: what comes after it is read as it was meant.
TEST_F(RoundTripTest, ADamagedObjectHarmsNoOther) {
  here_.settings().disk_chunk_size = 1000;
  const std::string data(5000, 'x');
  here_.add_data(one_, kT1, data, {{"ETag", md5_hex("other")}});
  const ObjectName small{"a", "c", "small and damaged"};
  here_.add_data(small, kT1, "data", {{"ETag", md5_hex("other")}});
  for (int i = 0; i < 20; ++i) store({"a", "c", std::to_string(i)}, kT1, data);
  const std::string words = send();
  EXPECT_EQ(words, ":ERROR: 500 b'ERROR: With :UPDATES: 1 failures to 20 successes'");
  EXPECT_EQ(result_, SessionResult::cut);
  EXPECT_EQ(objects_of(there_).size(), 20U);
  EXPECT_EQ(progress_.updates.failed, 2U);
  EXPECT_EQ(progress_.updates.spoiled, 1U);
  EXPECT_EQ(failures_of(progress_.updates, words), 2U) << "each is counted once";
}

TEST_F(RoundTripTest, TooManyFailuresEndTheSession) {
  there_.receiver().replication_failure_threshold = 2;
  for (int i = 0; i < 20; ++i) store({"a", "c", std::to_string(i)}, kT1, "x", {{"Content-Type", ""}});
  EXPECT_EQ(send(), ":ERROR: 0 'Too many 2 failures to 0 successes'");
  EXPECT_THAT(objects_of(there_), IsEmpty());
}

class FragmentRoundTripTest : public RoundTripTest {
 protected:
  FragmentRoundTripTest() : RoundTripTest({.index = 2, .fragment_index = 1}) {}

  static void add_fragment(const TemporaryDevice& device, const ObjectName& name, const char* time, int index,
                           Durability durability) {
    Metadata metadata = TemporaryDevice::named(name, time);
    metadata.set("Content-Type", "text/plain");
    metadata.set("Content-Length", "0");
    metadata.set("ETag", md5_hex(""));
    metadata.set("X-Object-Sysmeta-Ec-Frag-Index", std::to_string(index));
    device.add_file(name, make_fragment_name(Timestamp::parse(time), index, durability), metadata);
  }
  [[nodiscard]] std::vector<std::string> there(const ObjectName& name) const { return there_.files_of(name); }
};

TEST_F(FragmentRoundTripTest, StayDurableOrNot) {
  add_fragment(here_, one_, kT1, 1, Durability::durable);
  add_fragment(here_, two_, kT1, 1, Durability::undecided);
  const ObjectName other{"a", "c", "of another index only"};
  add_fragment(here_, other, kT1, 0, Durability::durable);
  EXPECT_EQ(send(), "done");
  EXPECT_THAT(there(one_), ElementsAre(std::string(kT1) + "#1#d.data"));
  EXPECT_THAT(there(two_), ElementsAre(std::string(kT1) + "#1.data"));
  EXPECT_THAT(there(other), IsEmpty());
  EXPECT_EQ(progress_.updates.put, 2U);
  EXPECT_EQ(send(), "done") << "a second session";
  EXPECT_THAT(there(two_), ElementsAre(std::string(kT1) + "#1.data"));
  EXPECT_EQ(progress_.wanted, 0U);
  // What is there and only has to be made durable is not sent again.
  std::filesystem::rename(here_.hash_dir_of(two_) + "/" + kT1 + "#1.data",
                          here_.hash_dir_of(two_) + "/" + kT1 + "#1#d.data");
  EXPECT_EQ(send(), "done");
  EXPECT_THAT(there(two_), ElementsAre(std::string(kT1) + "#1#d.data"));
  EXPECT_EQ(progress_.updates.put, 0U);
}

}  // namespace
}  // namespace ssync
