#include "worker/subrequest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/errors.h"
#include "worker/http_status.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(SubrequestHeadersTest, FindsNamesInAnySpelling) {
  SubrequestHeaders headers;
  headers.set("x-object-meta-a_b", "1");
  ASSERT_NE(headers.find("X-Object-Meta-A-B"), nullptr);
  EXPECT_EQ(*headers.find("X_OBJECT_META_A_B"), "1");
  EXPECT_EQ(headers.find("X-Object-Meta-A"), nullptr);
  EXPECT_EQ(headers.value_or_empty("none"), "");
  headers.erase("X-OBJECT-META-a-b");
  EXPECT_EQ(headers.find("x-object-meta-a_b"), nullptr);
}

TEST(SubrequestHeadersTest, ListsThemAsSwobDoes) {
  SubrequestHeaders headers;
  headers.set("content-type", "t");
  headers.set("x-object-meta-it's", "1");
  headers.set("content-length", "5");
  headers.set("x-object-meta-n2b", "2");
  headers.set("etag", "e");
  headers.set("x-object-meta-it's", "last");
  EXPECT_THAT(headers.items(), ElementsAre(Pair("Host", "localhost:80"), Pair("X-Object-Meta-It'S", "last"),
                                           Pair("X-Object-Meta-N2B", "2"), Pair("Etag", "e"),
                                           Pair("Content-Length", "5"), Pair("Content-Type", "t")));
}

TEST(SubrequestTest, ReadsItsLine) {
  const Subrequest request("PUT /a/c/o with  spaces");
  EXPECT_EQ(request.method, "PUT");
  EXPECT_EQ(request.path, "/a/c/o with  spaces");
  EXPECT_EQ(request.context, "PUT /a/c/o with  spaces");
  EXPECT_EQ(Subrequest("PUT  /a").path, " /a");
}

template <typename Call>
std::string error_of(const Call& call) {
  try {
    call();
  } catch (const ValueError& error) {
    return error.what();
  }
  return "no error";
}

TEST(SubrequestTest, FailsInPythonsWords) {
  EXPECT_EQ(error_of([] { Subrequest request(""); }), "not enough values to unpack (expected 2, got 1)");
  EXPECT_EQ(error_of([] { Subrequest request("PUT"); }), "not enough values to unpack (expected 2, got 1)");
  Subrequest request("PUT /a/c/o");
  EXPECT_EQ(error_of([&] { request.add_header("no colon"); }),
            "not enough values to unpack (expected 2, got 1)");
  EXPECT_EQ(error_of([&] { request.add_header("Content-Length: five"); }),
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

// The object's path, or the status of the refusal.
std::string parsed(const std::string& path) {
  try {
    return parse_subrequest_path("sda1", "7", path, ".").path();
  } catch (const HttpError& error) {
    return std::to_string(error.answer().status);
  }
}

TEST(SubrequestPathTest, IsReadAsSwobReadsIt) {
  struct Case {
    std::string path;
    const char* result;
  };
  const Case cases[] = {
      {"/a/c/o", "/a/c/o"},
      {"/a/c/o/with//slashes/", "/a/c/o/with//slashes/"},
      {"/a/c/%6f%20%2f%C3%A9", "/a/c/o /\xc3\xa9"},
      {"/a/c/o with  spaces", "/a/c/o with  spaces"},
      {"/a/c/o;p", "/a/c/o"},
      {"/a/c/o;p/r;q", "/a/c/o;p/r"},
      {"/a/c/o?q=1#f", "/a/c/o"},
      {"/a/c/o#f?q", "/a/c/o"},
      {"/a/c/%3Bo%3F%23", "/a/c/;o?#"},
      {"/a/c/o%0A", "/a/c/o\n"},
      {"/a/c/..", "/a/c/.."},
      {"/a/c", "400"},
      {"/a/c/", "400"},
      {"/a//o", "400"},
      {"//c/o", "400"},
      {"", "400"},
      {"a/c/o", "400"},
      {"/a/c/%ff", "412"},
      {"/a/c/\xff", "412"},
      // The reserved namespace: names that begin with NUL, and nothing else with one.
      {"/a/c/o%00", "400"},
      {"/a/%00c/o", "400"},
      {"/a/c/%00o", "400"},
      {"/a/c%00/o", "400"},
      {"/a%00/c/o", "400"},
  };
  for (const Case& c : cases) EXPECT_EQ(parsed(c.path), c.result) << c.path;
  EXPECT_EQ(parsed("/a/%00c/%00o"), std::string("/a/\0c/\0o", 8));
  // Accounts of Swift's own may hold any.
  EXPECT_EQ(parsed("/.a/c/%00o"), std::string("/.a/c/\0o", 8));
}

TEST(SubrequestPathTest, CannotLeaveThePartition) {
  for (const char* path : {"8/a/c/o", "%2f8", "x/a/c/o"}) EXPECT_EQ(parsed(path), "400") << path;
  // Dots are names like others: nothing of them gets into a path.
  EXPECT_EQ(parsed("%2f..%2f8/a/c/o"), "/../8/a/c/o");
}

}  // namespace
}  // namespace ssync
