#include "worker/protocol/subrequest_headers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace ssync
