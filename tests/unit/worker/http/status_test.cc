#include "worker/http/status.h"

#include <gtest/gtest.h>

#include "worker/http/errors.h"

namespace ssync {
namespace {

// The bodies of swift.common.swob.Response with these statuses.
TEST(StandardAnswerTest, HasSwiftsPages) {
  EXPECT_EQ(standard_answer(503).body,
            "<html><h1>Service Unavailable</h1><p>The server is currently unavailable. Please try again at a "
            "later time.</p></html>");
  EXPECT_EQ(standard_answer(507, "sda1").body,
            "<html><h1>Insufficient Storage</h1><p>There was not enough space to save the resource. Drive: "
            "sda1</p></html>");
  EXPECT_EQ(standard_answer(405).body,
            "<html><h1>Method Not Allowed</h1><p>The method is not allowed for this resource.</p></html>");
  EXPECT_EQ(standard_answer(202).body,
            "<html><h1>Accepted</h1><p>The request is accepted for processing.</p></html>");
  EXPECT_EQ(standard_answer(503).content_type, "text/html; charset=UTF-8");
}

TEST(StandardAnswerTest, HasNoBodyWhereSwiftHasNone) {
  for (const int status : {200, 201, 204, 299}) {
    EXPECT_EQ(standard_answer(status).body, "") << status;
    EXPECT_EQ(standard_answer(status).status, status);
  }
}

TEST(StatusTitleTest, KnowsSwiftsTitles) {
  EXPECT_EQ(status_title(499), "Client Disconnect");
  EXPECT_EQ(status_title(500), "Internal Error");
  EXPECT_EQ(status_title(507), "Insufficient Storage");
  EXPECT_EQ(status_title(299), "Unknown");
}

TEST(TextAnswerTest, IsPlainText) {
  const HttpAnswer answer = text_answer(400, "why");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.body, "why");
  EXPECT_EQ(answer.content_type, "text/plain");
}

TEST(HttpAnswerTest, CountsANotFoundAsReplicated) {
  for (const int status : {200, 201, 202, 204, 299, 404}) {
    EXPECT_TRUE(standard_answer(status).is_replication_success()) << status;
  }
  for (const int status : {199, 300, 400, 403, 409, 412, 422, 499, 500, 503, 507}) {
    EXPECT_FALSE(standard_answer(status).is_replication_success()) << status;
  }
}

TEST(HttpErrorTest, SaysItsBodyOrItsStatus) {
  EXPECT_STREQ(HttpError(text_answer(400, "why")).what(), "why");
  EXPECT_STREQ(HttpError(standard_answer(204)).what(), "204");
}

}  // namespace
}  // namespace ssync
