#include "worker/serve/replication_request.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/os/path.h"
#include "tests/unit/temporary_device.h"
#include "worker/http/errors.h"
#include "worker/http/status.h"

namespace ssync {
namespace {

class OpenSessionTest : public ::testing::Test {
 protected:
  // "ok", or the status and the text of the refusal.
  std::string refusal(const std::string& method, const std::string& uri,
                      const std::optional<std::string>& policy = std::nullopt,
                      const std::optional<std::string>& frag_index = std::nullopt) {
    try {
      open(method, uri, policy, frag_index);
    } catch (const HttpError& error) {
      return std::to_string(error.answer().status) + " " + error.answer().body;
    }
    return "ok";
  }
  Session open(const std::string& method, const std::string& uri,
               const std::optional<std::string>& policy = std::nullopt,
               const std::optional<std::string>& frag_index = std::nullopt) {
    RequestHead head;
    head.method = method;
    head.uri = uri;
    head.remote_addr = "10.0.0.1";
    head.policy_index = policy;
    head.frag_index = frag_index;
    return open_session(check_session(head, device_.configuration()), head, device_.configuration());
  }

  TemporaryDevice device_;
};

TEST_F(OpenSessionTest, SaysWhereTheSessionWorks) {
  const Session session = open("SSYNC", "/sda1/7", "1", "3");
  EXPECT_EQ(session.device, "sda1");
  EXPECT_EQ(session.partition.path(), device_.path() + "/objects-1/7");
  EXPECT_EQ(session.dialect, Dialect::ssync);
  EXPECT_EQ(session.frag_index, 3);
  EXPECT_EQ(session.remote_addr, "10.0.0.1");
  EXPECT_EQ(open("REPLICATION", "/sda1/7").dialect, Dialect::replication_2013);
  EXPECT_EQ(open("SSYNC", "/sda1/7").partition.path(), device_.path() + "/objects/7");
}

TEST_F(OpenSessionTest, TakesThePathsThatSwiftTakes) {
  const std::string mounted = "ok";
  EXPECT_EQ(refusal("SSYNC", "/sda1/7/"), mounted);
  EXPECT_EQ(refusal("SSYNC", "/sda1/7?query=1"), mounted);
  EXPECT_EQ(refusal("SSYNC", "/%73da1/%37"), mounted);
  EXPECT_EQ(refusal("SSYNC", "/sda1/x1"), mounted);
  EXPECT_EQ(open("SSYNC", "/sda1/a%20b").partition.name, "a b");
}

TEST_F(OpenSessionTest, RefusesAsSwiftDoes) {
  struct Case {
    const char* method;
    const char* uri;
    const char* refusal;
  };
  const Case cases[] = {
      {"SSYNC", "/sda1/\xff", "412 Invalid UTF8 or contains NULL"},
      {"SSYNC", "/sda1/%ff", "412 Invalid UTF8 or contains NULL"},
      {"SSYNC", "", "412 Invalid UTF8 or contains NULL"},
      {"GET", "/sda1/7",
       "405 <html><h1>Method Not Allowed</h1><p>The method is not allowed for this resource.</p></html>"},
      {"SSYNC", "/", "400 Invalid path: /"},
      {"SSYNC", "/sda1", "400 Invalid path: /sda1"},
      {"SSYNC", "/sda1/", "400 Invalid path: /sda1/"},
      {"SSYNC", "/sd%C3%A91", "400 Invalid path: /sd%C3%83%C2%A91"},
      {"SSYNC", "/sda1/7/abc", "400 Invalid path: /sda1/7/abc"},
      {"SSYNC", "/sda1%2f7%2fabc", "400 Invalid path: /sda1/7/abc"},
      {"SSYNC", "/sda1/..", "400 Invalid partition: .."},
      {"SSYNC", "/sda1/%2e", "400 Invalid partition: ."},
      {"SSYNC", "/../7", "400 Invalid device: .."},
      {"SSYNC", "/./7", "400 Invalid device: ."},
      {"SSYNC", "/sdb1/7",
       "507 <html><h1>Insufficient Storage</h1><p>There was not enough space to save the resource. Drive: "
       "sdb1</p></html>"},
  };
  for (const Case& c : cases) EXPECT_EQ(refusal(c.method, c.uri), c.refusal) << c.method << " " << c.uri;
  EXPECT_EQ(refusal("SSYNC", "/sda1/7%00").substr(0, 3), "400");
}

TEST_F(OpenSessionTest, RefusesADeviceNameThatWouldNeedQuoting) {
  std::filesystem::create_directory(parent_of(device_.path()) + "/a+b");
  EXPECT_EQ(refusal("SSYNC", "/a+b/7").substr(0, 3), "507");
}

TEST_F(OpenSessionTest, RefusesUnknownPolicies) {
  EXPECT_EQ(refusal("SSYNC", "/sda1/7", "9"), "503 No policy with index 9");
  EXPECT_EQ(refusal("SSYNC", "/sda1/7", "x"), "503 No policy with index x");
  EXPECT_EQ(refusal("SSYNC", "/sda1/7", ""), "ok");
  EXPECT_EQ(refusal("SSYNC", "/sda1/7", "2"), "ok");
}

// lp1489546
TEST_F(OpenSessionTest, RefusesAFragIndexThatIsNoNumber) {
  EXPECT_EQ(refusal("SSYNC", "/sda1/7", "0", "None"), "400 Invalid X-Backend-Ssync-Frag-Index 'None'");
  EXPECT_EQ(refusal("SSYNC", "/sda1/7", "0", "\xe9"), "400 Invalid X-Backend-Ssync-Frag-Index '\xc3\xa9'");
  EXPECT_EQ(open("SSYNC", "/sda1/7", "0", "").frag_index, std::nullopt);
  EXPECT_EQ(open("SSYNC", "/sda1/7", "0", " 5 ").frag_index, 5);
}

TEST_F(OpenSessionTest, ChecksInSwiftsOrder) {
  EXPECT_EQ(refusal("GET", "/%ff", "9").substr(0, 3), "412");
  EXPECT_EQ(refusal("GET", "/", "9").substr(0, 3), "405");
  EXPECT_EQ(refusal("SSYNC", "/", "9", "x").substr(0, 3), "503");
  EXPECT_EQ(refusal("SSYNC", "/", "0", "x"), "400 Invalid path: /");
}

TEST_F(OpenSessionTest, ServesNoReplicationIfItIsNoReplicationServer) {
  device_.receiver().replication_server = false;
  EXPECT_EQ(refusal("SSYNC", "/sda1/7").substr(0, 3), "405");
}

class AnswerReplicateTest : public ::testing::Test {
 protected:
  AnswerReplicateTest() {
    for (const char* partition : {"7", "8", "9"}) {
      const std::string hash_dir =
          device_.path() + "/objects/" + partition + "/abc/" + std::string(29, '0') + "abc";
      std::filesystem::create_directories(hash_dir);
      std::ofstream(hash_dir + "/170000000" + partition + ".00000.data");
    }
  }

  HttpAnswer answer(const std::string& uri, const std::optional<std::string>& partitions = std::nullopt) {
    RequestHead head;
    head.method = "REPLICATE";
    head.uri = uri;
    head.partitions = partitions;
    return answer_replicate(head, device_.configuration(), threads_);
  }
  // As asked for by itself.
  std::string hashes(const std::string& partition) { return answer("/sda1/" + partition).body; }
  std::string told(const std::vector<std::string>& partitions) {
    std::string line = "X-Backend-Ssync-Partitions: ";
    for (const std::string& partition : partitions) {
      if (partition != partitions.front()) line += ",";
      line += partition + "=" + std::to_string(hashes(partition).size());
    }
    return line + "\r\n";
  }

  TemporaryDevice device_;
  DiskThreads threads_{2};
};

TEST_F(AnswerReplicateTest, HasTheHashesOfAllPartitionsThatAreAskedFor) {
  ASSERT_NE(hashes("7"), hashes("8"));
  const HttpAnswer all = answer("/sda1/7", "7,8,12,9");
  EXPECT_EQ(all.status, 200);
  EXPECT_EQ(all.other_headers, told({"7", "8", "12", "9"}));
  EXPECT_EQ(all.body, hashes("7") + hashes("8") + hashes("12") + hashes("9"));
}

TEST_F(AnswerReplicateTest, BeginsWithThePathsPartitionWhateverTheHeaderSays) {
  struct Case {
    const char* header;
    std::vector<std::string> answered;
  };
  for (const Case& c : std::vector<Case>{{"7", {"7"}},
                                         {"8", {"7", "8"}},
                                         {"8,7,7", {"7", "8"}},
                                         {"", {"7"}},
                                         {"8,x", {"7"}},
                                         {"8,", {"7", "8"}},
                                         {"../7", {"7"}},
                                         {"8, 9", {"7"}}}) {
    const HttpAnswer some = answer("/sda1/7", c.header);
    EXPECT_EQ(some.other_headers, told(c.answered)) << c.header;
    std::string body;
    for (const std::string& partition : c.answered) body += hashes(partition);
    EXPECT_EQ(some.body, body) << c.header;
  }
}

TEST_F(AnswerReplicateTest, LeavesOutWhatCannotBeRead) {
  std::filesystem::remove_all(device_.path() + "/objects/8");
  std::ofstream(device_.path() + "/objects/8") << "no directory";
  EXPECT_THROW(answer("/sda1/8"), HttpError);
  const HttpAnswer rest = answer("/sda1/7", "7,8,9");
  EXPECT_EQ(rest.other_headers, told({"7", "9"}));
  EXPECT_EQ(rest.body, hashes("7") + hashes("9"));
  EXPECT_THROW(answer("/sda1/8", "8,7"), HttpError) << "the path's own";
}

TEST_F(AnswerReplicateTest, SaysNothingOfPartitionsUnlessItIsAskedFor) {
  EXPECT_EQ(answer("/sda1/7").other_headers, "");
  EXPECT_EQ(answer("/sda1/7/abc", "7,8").other_headers, "") << "suffixes are marked, and no hashes told";
}

// A header's line must not be the client's.
TEST_F(AnswerReplicateTest, NamesNoPartitionThatIsNoNumber) {
  for (const char* uri : {"/sda1/7%0d%0aX-Injected:%20yes", "/sda1/7,8", "/sda1/7=1"}) {
    EXPECT_EQ(answer(uri, "8").other_headers, "") << uri;
  }
}

TEST_F(OpenSessionTest, KnowsWhetherTheListFollows) {
  for (const auto& [value, follows] : std::vector<std::pair<std::optional<std::string>, bool>>{
           {std::nullopt, false}, {"True", true}, {"False", false}, {"", false}}) {
    RequestHead head;
    head.method = "SSYNC";
    head.uri = "/sda1/7";
    head.list_follows = value;
    const Session session =
        open_session(check_session(head, device_.configuration()), head, device_.configuration());
    EXPECT_EQ(session.list_follows, follows) << value.value_or("none");
  }
}

TEST(RequestHeadTest, ReadsFastCgisParameters) {
  const std::map<std::string, std::string> params{{"REQUEST_METHOD", "SSYNC"},
                                                  {"REQUEST_URI", "/sda1/7"},
                                                  {"HTTP_X_BACKEND_STORAGE_POLICY_INDEX", "1"},
                                                  {"HTTP_X_BACKEND_SSYNC_LIST_FOLLOWS", "True"},
                                                  {"HTTP_X_BACKEND_SSYNC_PARTITIONS", "7,8"}};
  const RequestHead head = RequestHead::from_params([&](const char* name) -> std::optional<std::string> {
    const auto param = params.find(name);
    if (param == params.end()) return std::nullopt;
    return param->second;
  });
  EXPECT_EQ(head.method, "SSYNC");
  EXPECT_EQ(head.uri, "/sda1/7");
  EXPECT_EQ(head.policy_index, "1");
  EXPECT_EQ(head.frag_index, std::nullopt);
  EXPECT_EQ(head.list_follows, "True");
  EXPECT_EQ(head.partitions, "7,8");
  EXPECT_EQ(head.remote_addr, "-");
}

}  // namespace
}  // namespace ssync
