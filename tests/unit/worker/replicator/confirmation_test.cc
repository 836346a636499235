#include "worker/replicator/confirmation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/python/hex.h"
#include "common/python/pickle.h"
#include "common/store/suffix_hashes.h"
#include "tests/unit/scripted_server.h"
#include "tests/unit/temporary_device.h"

namespace ssync {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

constexpr const char* kT1 = "1700000001.00000";
constexpr const char* kT2 = "1700000002.00000";

std::string answer(int status, const std::string& headers, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) + " Whatever\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

class ConfirmationTest : public ::testing::Test {
 protected:
  // The node answers so.
  std::vector<bool> confirmed(const std::vector<std::string>& answers) {
    ScriptedServer server([&](ServedConnection& client) {
      for (const std::string& answer : answers) {
        asked_ += client.read_head();
        client.send(answer);
      }
    });
    auto result = confirmed_by_node_at(std::stoi(server.port()));
    EXPECT_EQ(server.join(), "");
    return result;
  }

  // Nobody answers at port 0.
  std::vector<bool> confirmed_by_node_at(int port) {
    node_.replication_ip = "127.0.0.1";
    node_.replication_port = port;
    node_.device = "sdb";
    PeerRequests peers(
        {.connect = std::chrono::seconds(20), .answer = std::chrono::seconds(20), .patience = {}},
        connections_, interruption_);
    const HandoffContents contents = list_handoff(device_.partition());
    return confirmed_by(node_, job(), device_.partition(), contents, session_of(contents), peers);
  }

  [[nodiscard]] ReplicationJob job() const {
    return {.policy = &device_.partition().policy, .ring = nullptr, .device = "sda1", .partition = "7"};
  }

  // So many that it is worth a node's while to hash their partition: each in a suffix of its own.
  void add_many() {
    for (const ObjectName& name : many_) device_.add_data(name, kT1, "x");
  }

  // A whole session in which all was offered.
  SyncResult session_of(const HandoffContents& contents) const {
    SyncResult session{.is_whole = is_whole_,
                       .is_only_compared = is_only_compared_,
                       .offered = {},
                       .wanted = {},
                       .held = held_};
    for (const HandoffObject& object : contents.objects) {
      const ObjectFiles& files = object.files;
      if (!object.is_object()) continue;
      Offer offer = Offer::of(object.hash, files.data ? files.data->timestamp : files.tombstone->timestamp);
      if (files.meta) offer.meta = files.meta->timestamp;
      session.offered.push_back(offer);
      session.wanted.push_back(wanted_);
    }
    return session;
  }

  // An answer to REPLICATE: of each suffix here its own hash, or another.
  [[nodiscard]] std::string hashes(const std::vector<std::string>& wrong = {}) const {
    pickle::Dict hashes;
    DiskThreads threads(1);
    hashes = partition_hashes(device_.partition(), threads);
    for (auto& [suffix, hash] : hashes) {
      for (const std::string& one : wrong) {
        if (std::get<pickle::Text>(suffix.data).utf8 == one) hash = {pickle::Text{std::string(32, 'f')}};
      }
    }
    return answer(200, "", pickle::dump({hashes}));
  }
  [[nodiscard]] std::string suffix_of(const ObjectName& name) const {
    return device_.hash_of(name).substr(29);
  }

  TemporaryDevice device_;
  const ObjectName name_{"a", "c", "o %"};
  const std::vector<ObjectName> many_{{"a", "c", "1"}, {"a", "c", "2"}, {"a", "c", "3"}, {"a", "c", "4"}};
  RingDevice node_;
  KeptConnections connections_;
  Interruption interruption_;
  std::string asked_;
  bool is_whole_ = true;
  bool is_only_compared_ = false;
  WantedParts wanted_;  // of each object
  std::vector<HeldObject> held_;
};

TEST_F(ConfirmationTest, ASuffixWithTheSameHashIsThere) {
  add_many();
  EXPECT_THAT(confirmed({hashes()}), Each(true));
  EXPECT_THAT(asked_, HasSubstr("REPLICATE /sdb/7 HTTP/1.1\r\n"));
  EXPECT_THAT(asked_, HasSubstr("X-Backend-Storage-Policy-Index: 0\r\n"));
}

TEST_F(ConfirmationTest, AFewObjectsAreAskedForAtOnce) {
  device_.add_data(name_, kT1, "x");
  const std::string there = std::string("HTTP/1.1 200 X\r\nX-Backend-Timestamp: ") + kT1 +
                            "\r\nX-Backend-Data-Timestamp: " + kT1 + "\r\nContent-Length: 1\r\n\r\n";
  EXPECT_THAT(confirmed({there}), ElementsAre(true));
  EXPECT_THAT(asked_, StartsWith("HEAD "));
}

TEST_F(ConfirmationTest, AReceiverThatWantsNothingAndHasNothingConfirmsNothing) {
  add_many();
  const std::string nothing = answer(200, "", pickle::dump({pickle::Dict{}}));
  const std::string absent = "HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n";
  EXPECT_THAT(confirmed({nothing, absent, absent, absent, absent}), Each(false));
  // Its hashes.pkl may lack a suffix until it lists the directory.
  const std::string gone =
      std::string("HTTP/1.1 404 X\r\nX-Backend-Timestamp: ") + kT2 + "\r\nContent-Length: 0\r\n\r\n";
  EXPECT_THAT(confirmed({nothing, gone, absent, gone, gone}), UnorderedElementsAre(true, false, true, true));
}

TEST_F(ConfirmationTest, ANodeThatCannotAnswerConfirmsNothing) {
  add_many();
  for (const std::string& said :
       {answer(507, "", "not mounted"), answer(503, "", ""), answer(200, "", "no pickle"),
        answer(200, "", pickle::dump({pickle::Text{"no dictionary"}})), std::string("no HTTP\r\n\r\n")}) {
    EXPECT_THAT(confirmed({said}), Each(false)) << said;
  }
}

TEST_F(ConfirmationTest, OnlyObjectsOfAnotherSuffixHashAreAskedFor) {
  add_many();
  const std::string wrong = suffix_of(many_[2]);
  const std::string absent = "HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n";
  EXPECT_THAT(confirmed({hashes({wrong}), absent}), UnorderedElementsAre(true, true, false, true));
  EXPECT_THAT(asked_, HasSubstr("HEAD /sdb/7/a/c/3 "));
}

TEST_F(ConfirmationTest, AnswersToHeadAreJudged) {
  struct Case {
    const char* what;
    int status;
    std::string headers;
    bool expected;
  };
  const std::string same =
      std::string("X-Backend-Timestamp: ") + kT1 + "\r\nX-Backend-Data-Timestamp: " + kT1 + "\r\n";
  const std::string newer =
      std::string("X-Backend-Timestamp: ") + kT2 + "\r\nX-Backend-Data-Timestamp: " + kT2 + "\r\n";
  const std::string older =
      "X-Backend-Timestamp: 1600000000.00000\r\nX-Backend-Data-Timestamp: 1600000000.00000\r\n";
  device_.add_data(name_, kT1, "x");
  for (const Case& c : std::vector<Case>{
           {"the same", 200, same, true},
           {"newer", 200, newer, true},
           {"older", 200, older, false},
           {"no time", 200, "", false},
           {"no time that can be read", 200, "X-Backend-Data-Timestamp: then\r\n", false},
           {"deleted later", 404, std::string("X-Backend-Timestamp: ") + kT2 + "\r\n", true},
           {"deleted before", 404, "X-Backend-Timestamp: 1600000000.00000\r\n", false},
           {"not there", 404, "", false},
           {"not mounted", 507, "", false},
           {"cannot tell", 503, newer, false},
       }) {
    asked_.clear();
    const std::string said =
        "HTTP/1.1 " + std::to_string(c.status) + " X\r\n" + c.headers + "Content-Length: 9\r\n\r\n";
    EXPECT_THAT(confirmed({said}), ElementsAre(c.expected)) << c.what;
    EXPECT_THAT(asked_, HasSubstr("HEAD /sdb/7/a/c/o%20%25 HTTP/1.1\r\n"));
    EXPECT_THAT(asked_, HasSubstr("X-Backend-Replication: True\r\n")) << "expired objects are there too";
  }
}

TEST_F(ConfirmationTest, MetadataHasToBeAsNewToo) {
  device_.add_data(name_, kT1, "x");
  device_.add_meta(name_, kT2);
  const std::string data = std::string("HTTP/1.1 200 OK\r\nX-Backend-Data-Timestamp: ") + kT1 + "\r\n";
  const auto said = [&](const char* changed) {
    return data + "X-Backend-Timestamp: " + changed + "\r\nContent-Length: 1\r\n\r\n";
  };
  EXPECT_THAT(confirmed({said(kT1)}), ElementsAre(false));
  EXPECT_THAT(confirmed({said(kT2)}), ElementsAre(true));
}

// It goes with that data too.
TEST_F(ConfirmationTest, MetadataHasToBeAsNewBesideNewerDataToo) {
  device_.add_data(name_, kT1, "x");
  device_.add_meta(name_, "1700000003.00000");
  const auto said = [&](const char* changed) {
    return std::string("HTTP/1.1 200 OK\r\nX-Backend-Data-Timestamp: ") + kT2 +
           "\r\nX-Backend-Timestamp: " + changed + "\r\nContent-Length: 1\r\n\r\n";
  };
  EXPECT_THAT(confirmed({said(kT2)}), ElementsAre(false));
  EXPECT_THAT(confirmed({said("1700000003.00000")}), ElementsAre(true));
  EXPECT_THAT(confirmed({std::string("HTTP/1.1 404 X\r\nX-Backend-Timestamp: ") + kT2 +
                         "\r\nContent-Length: 0\r\n\r\n"}),
              ElementsAre(true))
      << "no receiver with a tombstone wants metadata";
}

TEST_F(ConfirmationTest, ATombstoneIsConfirmedByATombstoneOrNewerData) {
  device_.add_tombstone(name_, kT1);
  device_.settings().reclaim_age = std::int64_t{1} << 40;
  const std::string gone =
      std::string("HTTP/1.1 404 X\r\nX-Backend-Timestamp: ") + kT1 + "\r\nContent-Length: 0\r\n\r\n";
  const auto there = [](const char* time) {
    return std::string("HTTP/1.1 200 X\r\nX-Backend-Timestamp: ") + time +
           "\r\nX-Backend-Data-Timestamp: " + time + "\r\nContent-Length: 0\r\n\r\n";
  };
  EXPECT_THAT(confirmed({gone}), ElementsAre(true));
  EXPECT_THAT(confirmed({there(kT2)}), ElementsAre(true));
  EXPECT_THAT(confirmed({there(kT1)}), ElementsAre(false));
}

TEST_F(ConfirmationTest, WhatTheReceiverToldInTheSessionIsNotAskedFor) {
  device_.add_data(name_, kT1, "x");
  device_.add_meta(name_, kT2);
  const ObjectHash hash = *parse_object_hash(device_.hash_of(name_));
  const Timestamp t1 = Timestamp::parse(kT1);
  const Timestamp t2 = Timestamp::parse(kT2);
  struct Case {
    const char* what;
    HeldObject held;
    bool expected;
  };
  for (const Case& c : {
           Case{"the same", {.hash = hash, .is_deleted = false, .data = t1, .meta = t2}, true},
           Case{"older metadata", {.hash = hash, .is_deleted = false, .data = t1, .meta = t1}, false},
           Case{"newer", {.hash = hash, .is_deleted = false, .data = t2, .meta = t2}, true},
           Case{"older", {.hash = hash, .is_deleted = false, .data = {}, .meta = t2}, false},
           Case{"deleted later", {.hash = hash, .is_deleted = true, .data = t2, .meta = t2}, true},
           Case{"deleted before", {.hash = hash, .is_deleted = true, .data = {}, .meta = {}}, false},
       }) {
    held_ = {c.held};
    EXPECT_THAT(confirmed_by_node_at(0), ElementsAre(c.expected)) << c.what;
  }
}

// Of its time nothing is told.
TEST_F(ConfirmationTest, AContentTypeThatWasOnlyComparedIsThereIfItIsNotWanted) {
  const Timestamp t1 = Timestamp::parse(kT1);
  const Timestamp t3 = Timestamp::parse("1700000003.00000");
  device_.add_data(name_, kT1, "x");
  device_.add_file(name_, make_file_name(t3, ".meta", Timestamp::parse(kT2)),
                   TemporaryDevice::named(name_, "1700000003.00000"));
  held_ = {{.hash = *parse_object_hash(device_.hash_of(name_)), .is_deleted = false, .data = t1, .meta = t3}};
  EXPECT_THAT(confirmed_by_node_at(0), ElementsAre(true));
  wanted_.meta = true;
  EXPECT_THAT(confirmed_by_node_at(0), ElementsAre(true)) << "it was sent";
  is_only_compared_ = true;
  EXPECT_THAT(confirmed_by_node_at(0), ElementsAre(false));
  wanted_.meta = false;
  EXPECT_THAT(confirmed_by_node_at(0), ElementsAre(true));
}

TEST_F(ConfirmationTest, WhatTheReceiverDidNotTellIsAskedFor) {
  add_many();
  for (const ObjectName& name : {many_[0], many_[1], many_[3]}) {
    const Timestamp time = Timestamp::parse(kT1);
    held_.push_back(
        {.hash = *parse_object_hash(device_.hash_of(name)), .is_deleted = false, .data = time, .meta = time});
  }
  const std::string absent = "HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n";
  EXPECT_THAT(confirmed({absent}), UnorderedElementsAre(true, true, false, true));
  EXPECT_THAT(asked_, StartsWith("HEAD /sdb/7/a/c/3 "));
}

TEST_F(ConfirmationTest, AnotherObjectsNameConfirmsNothing) {
  device_.add_data(name_, kT1, "x");
  const ObjectName other{"a", "c", "other"};
  // In the place of other lies what says that it is name_, of which the node has something newer.
  std::filesystem::create_directories(device_.hash_dir_of(other));
  std::filesystem::rename(device_.hash_dir_of(name_), device_.hash_dir_of(other));
  device_.add_data(name_, kT1, "x");
  const std::string newer = std::string("HTTP/1.1 200 X\r\nX-Backend-Timestamp: ") + kT2 +
                            "\r\nX-Backend-Data-Timestamp: " + kT2 + "\r\nContent-Length: 0\r\n\r\n";
  const HandoffContents contents = list_handoff(device_.partition());
  ASSERT_EQ(contents.objects.size(), 2U);
  const bool is_first = python::to_hex(contents.objects.front().hash) == device_.hash_of(name_);
  EXPECT_THAT(confirmed({newer}), ElementsAre(is_first, !is_first));
}

TEST_F(ConfirmationTest, WhatWasNotOfferedIsNotConfirmed) {
  device_.add_data(name_, kT1, "x");
  const HandoffContents contents = list_handoff(device_.partition());
  SyncResult session = session_of(contents);
  PeerRequests peers(
      {.connect = std::chrono::seconds(20), .answer = std::chrono::seconds(20), .patience = {}}, connections_,
      interruption_);
  session.is_whole = false;
  // Nobody is asked.
  EXPECT_THAT(confirmed_by(node_, job(), device_.partition(), contents, session, peers), ElementsAre(false));
}

}  // namespace
}  // namespace ssync
