#include "worker/object/subrequest_body.h"

#include <gtest/gtest.h>

#include "tests/unit/scripted_streams.h"

namespace ssync {
namespace {

TEST(SubrequestBodyTest, EndsWhereItsLengthSays) {
  ScriptedInput input("helloDELETE /a/c/o\r\n", ScriptEnd::clean, 3);
  SubrequestBody body(input, 5);
  EXPECT_EQ(body.read(100), "hel");
  EXPECT_EQ(body.read(1), "l");
  EXPECT_EQ(body.left(), 1);
  body.drain();
  EXPECT_EQ(body.read(100), "");
  EXPECT_EQ(input.unread(), "DELETE /a/c/o\r\n");
}

TEST(SubrequestBodyTest, OfNoLengthReadsNothing) {
  for (const std::int64_t length : {0, -5}) {
    ScriptedInput input("x");
    SubrequestBody body(input, length);
    body.drain();
    EXPECT_EQ(body.read(100), "");
    EXPECT_EQ(input.unread(), "x");
  }
}

}  // namespace
}  // namespace ssync
