#include "worker/http/response_headers.h"

#include <gtest/gtest.h>

#include "common/python/errors.h"

namespace ssync {
namespace {

TEST(ResponseHeadersTest, ArePrintedAsEventletDoes) {
  ResponseHeaders headers;
  headers.set("content-type", "text/plain");
  headers.set("X-OBJECT-META-A_B", "1");
  headers.set("x-object-meta-it's", "2");
  headers.set("X-Object-Meta-N2b", "");
  headers.set("X-Object-Meta-Caf\xc3\xa9", "\xc3\xa9");
  EXPECT_EQ(headers.head(206),
            "Status: 206 Partial Content\r\n"
            "Content-Type: text/plain\r\n"
            "X-Object-Meta-A_b: 1\r\n"
            "X-Object-Meta-It's: 2\r\n"
            "X-Object-Meta-N2b: \r\n"
            "X-Object-Meta-Caf\xc3\xa9: \xc3\xa9\r\n\r\n");
}

TEST(ResponseHeadersTest, AreOneForEachName) {
  ResponseHeaders headers;
  headers.set("X-A", "1");
  headers.set("X-B", "2");
  headers.set("x-a", "3");
  EXPECT_EQ(*headers.find("X-a"), "3");
  EXPECT_EQ(headers.find("X-C"), nullptr);
  EXPECT_EQ(headers.head(200), "Status: 200 OK\r\nX-A: 3\r\nX-B: 2\r\n\r\n");
}

TEST(ResponseHeadersTest, ThatHttpCannotCarryAreRefused) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "v"},         {"X A", "v"},         {"X:A", "v"},     {"X\nA", "v"},
      {"X\tA", "v"},     {"X\x7f", "v"},       {"X-A", "a\nb"},  {"X-A", "a\rb"},
      {"X-A", "a\r\nb"}, {"X-A", {"a\0b", 3}}, {{"X\0", 2}, "v"}};
  for (const auto& [name, value] : cases) {
    ResponseHeaders headers;
    headers.set(name, value);
    EXPECT_THROW(static_cast<void>(headers.head(200)), ValueError) << name << ": " << value;
  }
}

}  // namespace
}  // namespace ssync
