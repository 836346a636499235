#include "worker/subrequest_head.h"

#include <gtest/gtest.h>

#include "common/errors.h"

namespace ssync {
namespace {

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
  for (const auto& header : cases)
    EXPECT_THROW(subrequest_head("PUT", kName, {header}), ValueError) << header.first;
  EXPECT_THROW(subrequest_head("PUT", kName, StoredHeaders(5001, {"X-A", "x"})), ValueError);
  EXPECT_THROW(subrequest_head("PUT", kName, StoredHeaders(100, {"X-A", std::string(50000, 'x')})),
               ValueError);
  EXPECT_NO_THROW(subrequest_head("PUT", kName, {{"X-A", std::string(60000, 'x')}}));
}

}  // namespace
}  // namespace ssync
