#include "worker/object/get_object.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "common/os/fd.h"
#include "common/os/md5.h"
#include "tests/unit/temporary_device.h"
#include "worker/http/errors.h"
#include "worker/http/status.h"
#include "worker/request/errors.h"

namespace ssync {
namespace {

constexpr char kTime[] = "1700000000.00000";

// Keeps each write apart: what has left at that time.
class Writes final : public ResponseOutput {
 public:
  void write(std::string_view data) override {
    if (pieces.size() >= gone_after) throw ClientGone("cannot write the response");
    pieces.emplace_back(data);
  }
  void flush() override {}
  [[nodiscard]] std::string all() const {
    std::string text;
    for (const std::string& piece : pieces) text += piece;
    return text;
  }

  std::vector<std::string> pieces;
  std::size_t gone_after = 1000000;
};

class GetObjectTest : public ::testing::Test {
 protected:
  GetObjectTest() {
    device_.settings().disk_chunk_size = 4096;
    parameters_ = {{"REQUEST_METHOD", "GET"}, {"REQUEST_URI", "/sda1/7/a/c/o"}};
  }

  void store(const std::string& data, const std::string& etag = "") {
    device_.add_data(name_, kTime, data, {{"ETag", etag.empty() ? md5_hex(data) : etag}});
  }

  GetResult run(
      Writes& writes, const std::function<bool()>& stopping = [] { return false; }) {
    const FastCgiParams param = [this](const char* name) -> std::optional<std::string> {
      const auto found = parameters_.find(name);
      if (found == parameters_.end()) return std::nullopt;
      return found->second;
    };
    const RequestHead head = RequestHead::from_params(param);
    const GetHeaders headers = GetHeaders::from_params(param);
    RequestTimer timer(metrics_, head.method);
    return ObjectGet(head, headers, device_.configuration(), writes, timer, stopping).run();
  }

  // The status of a refusal, 0 if there was none.
  int refusal() {
    Writes writes;
    try {
      run(writes);
    } catch (const HttpError& error) {
      EXPECT_EQ(writes.all(), "");
      return error.answer().status;
    }
    return 0;
  }

  static std::string body_of(const std::string& response) {
    return response.substr(response.find("\r\n\r\n") + 4);
  }
  [[nodiscard]] bool is_quarantined() const { return !device_.quarantined().empty(); }

  TemporaryDevice device_;
  const ObjectName name_{"a", "c", "o"};
  const std::string data_ = std::string(12000, 'x') + "end";
  std::map<std::string, std::string> parameters_;
  RequestMetrics metrics_{{}, ""};
};

TEST_F(GetObjectTest, SendsAnObject) {
  store(data_);
  Writes writes;
  const GetResult result = run(writes);
  EXPECT_EQ(result.status, 200);
  EXPECT_EQ(result.content_length, 12003);
  EXPECT_TRUE(result.is_whole);
  EXPECT_TRUE(writes.all().starts_with("Status: 200 OK\r\n"));
  EXPECT_EQ(body_of(writes.all()), data_);
}

TEST_F(GetObjectTest, OfAHeadHasNoBody) {
  store(data_, "not looked at");
  parameters_["REQUEST_METHOD"] = "HEAD";
  parameters_["HTTP_RANGE"] = "bytes=0-5";
  Writes writes;
  EXPECT_EQ(run(writes).content_length, 12003);
  EXPECT_NE(writes.all().find("Content-Length: 12003\r\n"), std::string::npos);
  EXPECT_EQ(body_of(writes.all()), "");
  EXPECT_FALSE(is_quarantined());
}

TEST_F(GetObjectTest, SendsRanges) {
  store(data_);
  parameters_["HTTP_RANGE"] = "bytes=12000-,0-1";
  Writes writes;
  const GetResult result = run(writes);
  EXPECT_EQ(result.status, 206);
  const std::string body = body_of(writes.all());
  EXPECT_EQ(result.content_length, static_cast<std::int64_t>(body.size()));
  EXPECT_NE(body.find("Content-Range: bytes 12000-12002/12003\r\n\r\nend\r\n--"), std::string::npos);
  EXPECT_NE(body.find("Content-Range: bytes 0-1/12003\r\n\r\nxx\r\n--"), std::string::npos);
}

TEST_F(GetObjectTest, RefusesWhatSwiftRefuses) {
  struct Case {
    std::map<std::string, std::string> parameters;
    int status;
  };
  const Case cases[] = {
      {{{"REQUEST_URI", "/sda1/7/a/c/%ff"}}, 412},
      {{{"HTTP_X_BACKEND_STORAGE_POLICY_INDEX", "9"}, {"REQUEST_URI", "/sda1"}}, 503},
      {{{"REQUEST_URI", "/sda1/7/a/c"}}, 400},
      {{{"REQUEST_URI", "/sda1/../a/c/o"}}, 400},
      {{{"REQUEST_URI", "/sda1/7%00/a/c/o"}}, 400},
      {{{"REQUEST_URI", "/sda1/7/a/c/o%00"}}, 400},
      {{{"REQUEST_URI", "/sda1/7/a/c/%00o"}}, 400},
      {{{"REQUEST_URI", "/sda1/7/a/%00c/%00o"}}, 0},
      {{{"HTTP_X_TIMESTAMP", "soon"}, {"REQUEST_URI", "/sdb1/7/a/c/o"}}, 400},
      {{{"REQUEST_URI", "/sdb1/7/a/c/o"}}, 507},
      {{{"HTTP_X_BACKEND_STORAGE_POLICY_INDEX", "2"}, {"HTTP_X_BACKEND_FRAGMENT_PREFERENCES", "5"}}, 500},
      {{{"HTTP_X_BACKEND_FRAGMENT_PREFERENCES", "5"}}, 0},
  };
  const auto plain = parameters_;
  for (const Case& c : cases) {
    parameters_ = plain;
    for (const auto& [name, value] : c.parameters) parameters_[name] = value;
    EXPECT_EQ(refusal(), c.status) << (&c - cases);
  }
}

TEST_F(GetObjectTest, TellsTheTimeOfATombstone) {
  device_.add_tombstone(name_, kTime);
  Writes writes;
  EXPECT_EQ(run(writes).status, 404);
  EXPECT_NE(writes.all().find("X-Backend-Timestamp: 1700000000.00000\r\n"), std::string::npos);
}

TEST_F(GetObjectTest, SendsAnObjectWithAnotherEtagWholeAndQuarantinesIt) {
  store(data_, "0123");
  Writes writes;
  const GetResult result = run(writes);
  EXPECT_TRUE(result.is_whole);
  EXPECT_EQ(body_of(writes.all()), data_);
  EXPECT_TRUE(is_quarantined());
}

TEST_F(GetObjectTest, CutsTheBodyOfAnObjectThatBecameShorter) {
  store(data_);
  Writes writes;
  int calls = 0;
  const GetResult result = run(writes, [&] {
    // At the second piece.
    if (++calls == 2) std::filesystem::resize_file(device_.hash_dir_of(name_) + "/" + kTime + ".data", 8192);
    return false;
  });
  EXPECT_FALSE(result.is_whole);
  EXPECT_EQ(result.content_length, 8192);
  EXPECT_EQ(result.status, 200);
  EXPECT_EQ(body_of(writes.all()).size(), 8192U);
  EXPECT_TRUE(is_quarantined());
}

TEST_F(GetObjectTest, HoldsTheLastPieceUntilAllIsJudged) {
  parameters_["HTTP_X_BACKEND_STORAGE_POLICY_INDEX"] = "2";
  const Partition partition{.settings = device_.settings(),
                            .conf = device_.conf(),
                            .policy = *device_.conf().policies.by_index(2),
                            .device_path = device_.path(),
                            .name = "7"};
  const auto store_archive = [&](const std::string& data) {
    const std::string hash_dir = partition.hash_dir(device_.hash_of(name_));
    std::filesystem::create_directories(hash_dir);
    const std::string path = hash_dir + "/" + kTime + "#1#d.data";
    std::ofstream(path, std::ios::binary) << data;
    Metadata metadata = TemporaryDevice::named(name_, kTime);
    metadata.set("Content-Length", std::to_string(data.size()));
    metadata.set("ETag", md5_hex(data));
    write_metadata(open_file(path, O_WRONLY).get(), metadata, path);
  };
  // In one piece: nothing has left, so that the answer can still be another.
  store_archive("no fragment");
  EXPECT_EQ(refusal(), 500);
  // In three: cut before the third.
  store_archive(data_);
  Writes writes;
  const GetResult result = run(writes);
  EXPECT_FALSE(result.is_whole);
  EXPECT_EQ(result.content_length, 8192);
  EXPECT_EQ(body_of(writes.all()).size(), 8192U);
}

TEST_F(GetObjectTest, HoldsPartsBackUntilFourKibibytesAreThere) {
  const std::string data(20000, 'x');
  store(data);
  parameters_["HTTP_RANGE"] = "bytes=0-1,2-3,4-12003,5-6";
  Writes writes;
  EXPECT_TRUE(run(writes).is_whole);
  ASSERT_GE(writes.pieces.size(), 2U);
  // The head of the response and three parts, the third as far as it was read by then.
  EXPECT_TRUE(writes.pieces[0].starts_with("Status: 206"));
  EXPECT_NE(writes.pieces[0].find("bytes 2-3/20000"), std::string::npos);
  EXPECT_NE(writes.pieces[0].find("bytes 4-12003/20000"), std::string::npos);
  EXPECT_GE(body_of(writes.pieces[0]).size() + writes.pieces[1].size(), 4096U);
  EXPECT_LT(body_of(writes.pieces[0]).size(), 4096U);
  EXPECT_NE(writes.pieces.back().find("bytes 5-6/20000"), std::string::npos);
}

TEST_F(GetObjectTest, EndsWhenTheClientIsGone) {
  store(data_);
  Writes writes;
  writes.gone_after = 2;
  EXPECT_FALSE(run(writes).is_whole);
  EXPECT_FALSE(is_quarantined());
}

TEST_F(GetObjectTest, EndsWhenTheWorkerIsToStop) {
  store(data_);
  Writes writes;
  int calls = 0;
  const GetResult result = run(writes, [&] { return ++calls == 2; });
  EXPECT_FALSE(result.is_whole);
  EXPECT_EQ(result.content_length, 4096);
  EXPECT_EQ(body_of(writes.all()).size(), 4096U);
}

}  // namespace
}  // namespace ssync
