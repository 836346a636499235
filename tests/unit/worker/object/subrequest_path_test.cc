#include "worker/object/subrequest_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/python/errors.h"
#include "worker/http/errors.h"
#include "worker/http/status.h"

namespace ssync {
namespace {

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

TEST(SubrequestPathTest, AnEmptyAccountOrContainerEndsTheSession) {
  const auto error_of = [](const std::string& path) -> std::string {
    try {
      require_no_empty_segment("sda1", "7", path);
    } catch (const ValueError& error) {
      return error.what();
    }
    return "none";
  };
  for (const char* path : {"/a/c/o", "/a/c/", "/a/c", "/a", "/", "", "/a/c//", "/a/c/o//p", "a/c/o"}) {
    EXPECT_EQ(error_of(path), "none") << path;
  }
  for (const char* path : {"/a//o", "//c/o", "/a//", "//", "http://h/a/c/o"}) {
    EXPECT_THAT(error_of(path), ::testing::StartsWith("Invalid path: /sda1/7")) << path;
  }
  EXPECT_EQ(error_of("/a b//o"), "Invalid path: /sda1/7/a%2520b//o");
}

TEST(SubrequestPathTest, CannotLeaveThePartition) {
  for (const char* path : {"8/a/c/o", "%2f8", "x/a/c/o"}) EXPECT_EQ(parsed(path), "400") << path;
  // Dots are names like others: nothing of them gets into a path.
  EXPECT_EQ(parsed("%2f..%2f8/a/c/o"), "/../8/a/c/o");
}

}  // namespace
}  // namespace ssync
