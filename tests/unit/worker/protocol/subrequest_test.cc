#include "worker/protocol/subrequest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/python/errors.h"
#include "tests/unit/scripted_streams.h"
#include "tests/unit/thrown_message.h"
#include "worker/http/status.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(SubrequestTest, ReadsItsLine) {
  const Subrequest request("PUT /a/c/o with  spaces");
  EXPECT_EQ(request.method, "PUT");
  EXPECT_EQ(request.path, "/a/c/o with  spaces");
  EXPECT_EQ(request.context, "PUT /a/c/o with  spaces");
  EXPECT_EQ(Subrequest("PUT  /a").path, " /a");
}

TEST(SubrequestTest, FailsInPythonsWords) {
  EXPECT_EQ(thrown_message<ValueError>([] { Subrequest request(""); }),
            "not enough values to unpack (expected 2, got 1)");
  EXPECT_EQ(thrown_message<ValueError>([] { Subrequest request("PUT"); }),
            "not enough values to unpack (expected 2, got 1)");
  Subrequest request("PUT /a/c/o");
  EXPECT_EQ(thrown_message<ValueError>([&] { request.add_header("no colon"); }),
            "not enough values to unpack (expected 2, got 1)");
  EXPECT_EQ(thrown_message<ValueError>([&] { request.add_header("Content-Length: five"); }),
            "invalid literal for int() with base 10: 'five'");
}

TEST(SubrequestTest, KeepsHeadersStripped) {
  Subrequest request("PUT /a/c/o");
  request.add_header("  X-Object-Meta-Color : light: blue ");
  request.add_header("Content-Length: 1_0");
  EXPECT_EQ(*request.headers.find("x-object-meta-color"), "light: blue");
  EXPECT_EQ(*request.headers.find("content-length"), "1_0");
  EXPECT_EQ(request.content_length, 10);
}

// 2.30.1 strips the Latin-1 spaces A0 and 85 too, and so cuts a UTF-8 'à' at the end of a value.
TEST(SubrequestTest, KeepsTheLastByteOfUtf8) {
  Subrequest request("PUT /a/c/o");
  request.add_header("X-Object-Meta-Name: voil\xc3\xa0");
  EXPECT_EQ(*request.headers.find("x-object-meta-name"), "voil\xc3\xa0");
}

// lp1329093: custom headers are stored. Etag must not be beside ETag.
TEST(SubrequestTest, ListsReplicationHeaders) {
  Subrequest request("PUT /a/c/o");
  request.add_header("X-Custom: 1");
  request.add_header("ETag: abc");
  request.add_header("X-Backend-No-Commit: True");
  request.add_header("Content-Length: 0");
  EXPECT_THAT(request.replication_headers, ElementsAre("x-custom", "content-length"));
  StoragePolicy policy;
  policy.index = 3;
  request.add_backend_headers(policy, 5);
  EXPECT_EQ(*request.headers.find("X-Backend-Replication-Headers"), "x-custom content-length");
  EXPECT_EQ(*request.headers.find("X-Backend-Storage-Policy-Index"), "3");
  EXPECT_EQ(*request.headers.find("X-Backend-Replication"), "True");
  EXPECT_EQ(*request.headers.find("X-Backend-Ssync-Frag-Index"), "5");
}

TEST(SubrequestTest, AddsNoEmptyBackendHeaders) {
  Subrequest request("DELETE /a/c/o");
  request.add_backend_headers(StoragePolicy(), std::nullopt);
  EXPECT_EQ(request.headers.find("X-Backend-Replication-Headers"), nullptr);
  EXPECT_EQ(request.headers.find("X-Backend-Ssync-Frag-Index"), nullptr);
}

const ObjectName kName{"a", "c", "o"};

TEST(SubrequestHeadTest, OrdersHeadersAndQuotesThePath) {
  EXPECT_EQ(
      subrequest_head("PUT", {"AUTH_x", "c d", "\xc3\xa9/%?#"}, {{"X-B", "2"}, {"ETag", ""}, {"X-A", "1 1"}}),
      "PUT /AUTH_x/c%20d/%C3%A9/%25%3F%23\r\nETag: \r\nX-A: 1 1\r\nX-B: 2\r\n\r\n");
  EXPECT_EQ(subrequest_head("DELETE", kName, {}), "DELETE /a/c/o\r\n\r\n");
}

TEST(SubrequestHeadTest, SendsTheBytesThatWereReceived) {
  // "é" as a header's two bytes, each stored as a letter of its own; then what only Python 2 stores.
  EXPECT_EQ(
      subrequest_head("POST", kName, {{"X-A", "\xc3\x83\xc2\xa9"}, {"X-\xc3\x83\xc2\xa9", "\xe2\x82\xac"}}),
      "POST /a/c/o\r\nX-A: \xc3\xa9\r\nX-\xc3\xa9: \xe2\x82\xac\r\n\r\n");
}

TEST(SubrequestHeadTest, RefusesWhatNoReceiverReadsAsItWasMeant) {
  const StoredHeaders::value_type cases[] = {
      {"X-A", "x\r\nX-B: y"},
      {"X-A", "x\ny"},
      {"X-A", "x\ry"},
      {"X-A", std::string("x\0y", 3)},
      {"X A", "x"},
      {"X:A", "x"},
      {"", "x"},
      {"X\n", "x"},
      {"X-A\x7f", "x"},
      {"X-A", std::string(65535, 'x')},
  };
  for (const auto& header : cases) {
    EXPECT_THROW(subrequest_head("PUT", kName, {header}), ValueError) << header.first;
  }
  EXPECT_THROW(subrequest_head("PUT", kName, StoredHeaders(5001, {"X-A", "x"})), ValueError);
  EXPECT_THROW(subrequest_head("PUT", kName, StoredHeaders(100, {"X-A", std::string(50000, 'x')})),
               ValueError);
  EXPECT_NO_THROW(subrequest_head("PUT", kName, {{"X-A", std::string(60000, 'x')}}));
}

// What the sender writes, the receiver reads, up to the first byte of the body.
TEST(SubrequestRoundTripTest, IsReadAsItWasWritten) {
  const std::string head = subrequest_head("PUT", {"AUTH_x", "c d", "\xc3\xa9/%?#;"},
                                           {{"Content-Length", "5"},
                                            {"Content-Type", "text/plain"},
                                            {"ETag", "\"e\""},
                                            {"X-Object-Meta-A_b", " inner  blanks "},
                                            {"X-Object-Meta-\xc3\x83\xc2\xa9", "\xc3\x83\xc2\xa9"},
                                            {"X-Timestamp", "1700000000.00000"}});
  ScriptedInput input(head + "hello");
  const Subrequest read =
      read_subrequest(std::string(input.read_line("updates line")), input, Dialect::ssync);
  EXPECT_EQ(input.unread(), "hello");
  EXPECT_EQ(read.method, "PUT");
  EXPECT_EQ(read.path, "/AUTH_x/c%20d/%C3%A9/%25%3F%23%3B");
  EXPECT_EQ(read.content_length, 5);
  EXPECT_EQ(read.headers.value_or_empty("Content-Type"), "text/plain");
  EXPECT_EQ(read.headers.value_or_empty("ETag"), "\"e\"");
  EXPECT_EQ(read.headers.value_or_empty("X-Object-Meta-A_b"), "inner  blanks");
  EXPECT_EQ(read.headers.value_or_empty("X-Object-Meta-\xc3\xa9"), "\xc3\xa9");
  EXPECT_EQ(read.headers.value_or_empty("X-Timestamp"), "1700000000.00000");
}

TEST(SubrequestRoundTripTest, EveryMethodIsReadInItsDialect) {
  const auto method_of = [](const std::string& head, Dialect dialect) {
    ScriptedInput input(head);
    try {
      return read_subrequest(std::string(input.read_line("")), input, dialect).method;
    } catch (const ValueError& error) {
      return std::string(error.what());
    }
  };
  const StoredHeaders sized{{"Content-Length", "0"}};
  for (const Dialect dialect : {Dialect::ssync, Dialect::replication_2013}) {
    EXPECT_EQ(method_of(subrequest_head("PUT", kName, sized), dialect), "PUT");
    EXPECT_EQ(method_of(subrequest_head("DELETE", kName, {}), dialect), "DELETE");
  }
  EXPECT_EQ(method_of(subrequest_head("POST", kName, {}), Dialect::ssync), "POST");
  EXPECT_EQ(method_of(subrequest_head("POST", kName, {}), Dialect::replication_2013),
            "Invalid subrequest method POST");
}

}  // namespace
}  // namespace ssync
