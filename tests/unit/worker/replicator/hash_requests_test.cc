#include "worker/replicator/hash_requests.h"

#include <gtest/gtest.h>
#include <sys/types.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <fstream>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tests/unit/scripted_server.h"
#include "worker/protocol/several_partitions.h"
#include "worker/sender/errors.h"

namespace ssync {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const char kName[] = "X-Backend-Ssync-Partitions: ";

std::string answer(const std::string& body, const std::string& header = "") {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + header + "\r\n" +
         body;
}

// The value of the header that names the partitions, and what the path names: "7 of 7,8".
std::string asked_for(const std::string& head) {
  const std::size_t path = head.find("/sdb/") + 5;
  const std::size_t value = head.find(kName) + sizeof kName - 1;
  return head.substr(path, head.find(' ', path) - path) + " of " +
         head.substr(value, head.find('\r', value) - value);
}

// What our receiver says: "hashes of 7" for each but those of except.
std::string answer_to(const std::string& head, std::string_view except = "none") {
  const std::string asked = asked_for(head);
  std::vector<std::pair<std::string, std::size_t>> lengths;
  std::string body;
  for (const std::string& partition : parse_several_partitions(asked.substr(asked.find(" of ") + 4))) {
    if (partition == except) continue;
    const std::string hashes = "hashes of " + partition;
    lengths.emplace_back(partition, hashes.size());
    body += hashes;
  }
  return answer(body, answered_partitions_header(lengths));
}

// Returns once this thread waits for something.
void await_sleep(pid_t thread) {
  const std::string path = "/proc/self/task/" + std::to_string(thread) + "/stat";
  for (std::string text; text.find(") S ") == std::string::npos; std::this_thread::yield()) {
    std::ifstream stat(path);
    std::getline(stat, text);
  }
}

// The first request, of 0, was answered as ours does. The second one, of 1, is under way while other jobs
// come, until go_on().
class HashRequestsTest : public ::testing::Test {
 protected:
  using Answer = std::future<std::string>;

  explicit HashRequestsTest(std::chrono::steady_clock::duration patience = seconds(20))
      : requests_(peers_, patience) {}

  // Then the server does this, which gets the second request's connection.
  void begin(ScriptedServer::Script then) {
    server_.emplace([this, then = std::move(then)](ServedConnection& client) {
      const std::string first = client.read_head();
      EXPECT_EQ(asked_for(first), "0 of 0");
      client.send(answer_to(first));
      const std::string second = client.read_head();
      EXPECT_EQ(asked_for(second), "1 of 1");
      is_asked_.set_value();
      may_go_on_.get_future().wait();
      client.send(answer_to(second));
      then(client);
    });
    EXPECT_EQ(ask("0"), "hashes of 0");
    second_ = ask_beside("1");
    is_asked_.get_future().wait();
  }
  void go_on() {
    may_go_on_.set_value();
    EXPECT_EQ(second_.get(), "hashes of 1");
  }

  // The body, or its status if that is another one than 200, or what was thrown.
  std::string ask(const std::string& partition) {
    try {
      const PeerAnswer answer = requests_.ask(node_at(*server_), policy_, partition);
      return answer.head.status == 200 ? answer.body : std::to_string(answer.head.status);
    } catch (const ReceiverRefused& refused) {
      return std::string("ReceiverRefused: ") + refused.what();
    } catch (const ConnectionLost& lost) {
      return std::string("ConnectionLost: ") + lost.what();
    }
  }
  // In another thread, which waits for its answer or its turn when this returns.
  Answer ask_beside(const std::string& partition) {
    std::promise<pid_t> begun;
    std::future<pid_t> thread = begun.get_future();
    Answer answer = std::async(std::launch::async, [this, partition, begun = std::move(begun)]() mutable {
      begun.set_value(::gettid());
      return ask(partition);
    });
    await_sleep(thread.get());
    return answer;
  }

  // The next request that finds no other connection goes to this server.
  void keep_connection_to(const ScriptedServer& other) {
    connections_.keep("127.0.0.1:" + server_->port(),
                      PolledSocket("127.0.0.1", other.port(), seconds(20), interruption_),
                      HttpBodyDecoder::of_no_body());
  }

  static RingDevice node_at(const ScriptedServer& server) {
    RingDevice node;
    node.replication_ip = "127.0.0.1";
    node.replication_port = std::stoi(server.port());
    node.device = "sdb";
    return node;
  }

  StoragePolicy policy_;
  Interruption interruption_;
  KeptConnections connections_;
  PeerRequests peers_{{.connect = seconds(20), .answer = seconds(20)}, connections_, interruption_};
  HashRequests requests_;
  std::promise<void> is_asked_;
  std::promise<void> may_go_on_;
  std::optional<ScriptedServer> server_;
  Answer second_;
};

// Reads a request of these, as "7 of 7,8", and answers it.
void serve(ServedConnection& client, const std::string& asked, std::string_view except = "none") {
  const std::string head = client.read_head();
  EXPECT_EQ(asked_for(head), asked);
  client.send(answer_to(head, except));
}

TEST_F(HashRequestsTest, APeerThatDoesNotKnowTheHeaderIsAskedForEachByItself) {
  std::promise<void> is_asked_beside;
  server_.emplace([&](ServedConnection& client) {
    for (const char* partition : {"0", "1"}) {
      EXPECT_EQ(asked_for(client.read_head()), std::string(partition) + " of " + partition);
      client.send(answer("Swift's of " + std::string(partition)));
    }
    EXPECT_EQ(asked_for(client.read_head()), "2 of 2");
    is_asked_.set_value();
    is_asked_beside.get_future().wait();
    client.send(answer("Swift's of 2"));
  });
  ScriptedServer beside([&](ServedConnection& client) {
    EXPECT_EQ(asked_for(client.read_head()), "3 of 3");
    client.send(answer("Swift's of 3"));
    is_asked_beside.set_value();
  });
  EXPECT_EQ(ask("0"), "Swift's of 0");
  EXPECT_EQ(ask("1"), "Swift's of 1");
  second_ = ask_beside("2");
  is_asked_.get_future().wait();
  keep_connection_to(beside);
  EXPECT_EQ(ask("3"), "Swift's of 3") << "at once";
  EXPECT_EQ(second_.get(), "Swift's of 2");
  EXPECT_EQ(server_->join() + beside.join(), "");
}

TEST_F(HashRequestsTest, WhatIsWantedMeanwhileIsAskedForTogether) {
  begin([](ServedConnection& client) {
    serve(client, "2 of 2,3,4");
    serve(client, "5 of 5");
  });
  Answer two = ask_beside("2");
  Answer three = ask_beside("3");
  Answer four = ask_beside("4");
  go_on();
  EXPECT_EQ(two.get(), "hashes of 2");
  EXPECT_EQ(three.get(), "hashes of 3");
  EXPECT_EQ(four.get(), "hashes of 4");
  EXPECT_EQ(ask("5"), "hashes of 5");
  EXPECT_EQ(server_->join(), "");
}

TEST_F(HashRequestsTest, OneRequestTakesThirtyTwo) {
  std::string first = "100 of 100";
  for (int partition = 101; partition < 132; ++partition) first += "," + std::to_string(partition);
  begin([&](ServedConnection& client) {
    serve(client, first);
    serve(client, "132 of 132,133");
  });
  std::vector<Answer> answers;
  for (int partition = 100; partition < 134; ++partition) {
    answers.push_back(ask_beside(std::to_string(partition)));
  }
  go_on();
  for (std::size_t i = 0; i < answers.size(); ++i) {
    EXPECT_EQ(answers[i].get(), "hashes of " + std::to_string(100 + i));
  }
  EXPECT_EQ(server_->join(), "");
}

TEST_F(HashRequestsTest, WhatAnAnswerLeavesOutIsAskedForByItself) {
  begin([](ServedConnection& client) {
    serve(client, "2 of 2,3", "3");
    serve(client, "3 of 3");
  });
  Answer two = ask_beside("2");
  Answer three = ask_beside("3");
  go_on();
  EXPECT_EQ(two.get(), "hashes of 2");
  EXPECT_EQ(three.get(), "hashes of 3");
  EXPECT_EQ(server_->join(), "");
}

TEST_F(HashRequestsTest, ARefusalIsThatOfThePathsPartition) {
  begin([](ServedConnection& client) {
    EXPECT_EQ(asked_for(client.read_head()), "2 of 2,3");
    client.send("HTTP/1.1 507 Insufficient Storage\r\nContent-Length: 0\r\n\r\n");
    serve(client, "3 of 3");
  });
  Answer two = ask_beside("2");
  Answer three = ask_beside("3");
  go_on();
  EXPECT_EQ(two.get(), "507");
  EXPECT_EQ(three.get(), "hashes of 3");
  EXPECT_EQ(server_->join(), "");
}

TEST_F(HashRequestsTest, AFailureReachesAllWhoWereAskedFor) {
  begin([](ServedConnection& client) {
    EXPECT_EQ(asked_for(client.read_head()), "2 of 2,3,4");
    client.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    client.end_sending();
    client.read_to_end();
  });
  std::vector<Answer> answers;
  for (const char* partition : {"2", "3", "4"}) answers.push_back(ask_beside(partition));
  go_on();
  for (Answer& one : answers) {
    EXPECT_EQ(one.get(),
              "ConnectionLost: 127.0.0.1:" + server_->port() + " closed the connection within its answer");
  }
  EXPECT_EQ(server_->join(), "");
}

class WrongAnswerTest : public HashRequestsTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(WrongAnswerTest, IsRefused) {
  const std::string wrong = answer("abcdef", std::string(kName) + GetParam() + "\r\n");
  begin([&](ServedConnection& client) {
    EXPECT_EQ(asked_for(client.read_head()), "2 of 2,3");
    client.send(wrong);
    EXPECT_EQ(asked_for(client.read_head()), "4 of 4");
    client.send(wrong);
  });
  Answer two = ask_beside("2");
  Answer three = ask_beside("3");
  go_on();
  const std::string refusal = "ReceiverRefused: " + node_text(node_at(*server_)) +
                              ": its answer is not that of the partitions asked for";
  EXPECT_EQ(two.get(), refusal);
  EXPECT_EQ(three.get(), refusal);
  EXPECT_EQ(ask("4"), refusal);
  EXPECT_EQ(server_->join(), "");
}

INSTANTIATE_TEST_SUITE_P(Cases, WrongAnswerTest,
                         ::testing::Values("2=3,3=4", "2=3,3=2", "2=3", "2=7", "3=3,2=3", "2,3", "x", ""));

class ImpatientHashRequestsTest : public HashRequestsTest {
 protected:
  ImpatientHashRequestsTest() : HashRequestsTest(milliseconds(300)) {}
};

TEST_F(ImpatientHashRequestsTest, ASlowRequestIsNotWaitedForLonger) {
  begin([](ServedConnection&) {});
  ScriptedServer beside([](ServedConnection& client) { serve(client, "2 of 2"); });
  keep_connection_to(beside);
  EXPECT_EQ(ask("2"), "hashes of 2");
  go_on();
  EXPECT_EQ(server_->join(), "");
}

TEST_F(ImpatientHashRequestsTest, ARequestThatIsUnderWayForOneIsWaitedFor) {
  begin([](ServedConnection& client) {
    const std::string head = client.read_head();
    EXPECT_EQ(asked_for(head), "2 of 2,3");
    std::this_thread::sleep_for(milliseconds(400));
    client.send(answer_to(head));
    EXPECT_EQ(client.read_to_end(), "");
  });
  Answer two = ask_beside("2");
  Answer three = ask_beside("3");
  go_on();
  EXPECT_EQ(two.get(), "hashes of 2");
  EXPECT_EQ(three.get(), "hashes of 3");
  static_cast<void>(connections_.take("127.0.0.1:" + server_->port()));
  EXPECT_EQ(server_->join(), "");
}

}  // namespace
}  // namespace ssync
