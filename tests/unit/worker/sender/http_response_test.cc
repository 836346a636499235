#include "worker/sender/http_response.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "worker/sender/errors.h"

namespace ssync {
namespace {

TEST(HttpResponseHeadTest, IsRead) {
  const auto head = HttpResponseHead::parse(
      "HTTP/1.1 507 Insufficient Storage\r\nContent-Type:text/html\r\nX-Empty:\r\nX-Twice: a \r\nx-twice: b");
  EXPECT_EQ(head.status, 507);
  EXPECT_EQ(head.reason, "Insufficient Storage");
  ASSERT_NE(head.find("content-type"), nullptr);
  EXPECT_EQ(*head.find("content-type"), "text/html");
  EXPECT_EQ(*head.find("x-empty"), "");
  EXPECT_EQ(*head.find("x-twice"), "a");
  EXPECT_EQ(head.find("x-other"), nullptr);
  EXPECT_EQ(HttpResponseHead::parse("HTTP/1.0 200").status, 200);
}

TEST(HttpResponseHeadTest, SaysWhetherTheConnectionStaysOpen) {
  EXPECT_TRUE(HttpResponseHead::parse("HTTP/1.1 200 OK").keeps_connection);
  EXPECT_TRUE(HttpResponseHead::parse("HTTP/1.1 200 OK\r\nConnection: keep-alive").keeps_connection);
  EXPECT_FALSE(HttpResponseHead::parse("HTTP/1.1 200 OK\r\nConnection: Close").keeps_connection);
  EXPECT_FALSE(HttpResponseHead::parse("HTTP/1.0 200 OK").keeps_connection);
}

TEST(HttpResponseHeadTest, RefusesWhatIsNone) {
  for (const char* text : {"", "\r\n", "HTTP/2 200 OK", "HTTP/1.1", "HTTP/1.1 20", "HTTP/1.1 2x0 OK",
                           "HTTP/1.1 099 x", "HTTP/1.1  200", "220 ESMTP", "HTTP/1.1 200 OK\r\nno colon"}) {
    EXPECT_THROW(HttpResponseHead::parse(text), ReceiverRefused) << text;
  }
}

// The body, and "|" where it ended; raw comes in pieces of this size.
std::string decoded(const std::string& head, const std::string& raw, std::size_t piece) {
  HttpBodyDecoder decoder(HttpResponseHead::parse("HTTP/1.1 200 OK\r\n" + head));
  std::string body;
  for (std::size_t at = 0; at < raw.size(); at += piece) {
    decoder.decode(std::string_view(raw).substr(at, piece), body);
  }
  return body + (decoder.ended() ? "|" : "");
}

TEST(HttpBodyDecoderTest, TakesTheFramingOff) {
  const std::string chunked = "Transfer-Encoding: chunked";
  const std::tuple<std::string, std::string, std::string> cases[] = {
      {chunked, "3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n", "abc0123456789abcdef|"},
      {chunked, "3;x=y\r\nabc\r\nA \r\n0123456789\r\n", "abc0123456789"},
      {chunked, "3\nabc\n0\n\n", "abc|"},
      {chunked, "3\r\nabc\r\n0\r\n", "abc"},
      {chunked, "1\r\na\r\n0\r\nX: y\r\n", "a"},
      {chunked, "0\r\nX: y\r\n\r\n", "|"},
      {chunked, "3\r\nab", "ab"},
      {"transfer-encoding: Chunked\r\nContent-Length: 1", "2\r\nab\r\n0\r\nX: trailer\r\n\r\nmore", "ab|"},
      {"Content-Length: 3", "abcdef", "abc|"},
      {"Content-Length: 0", "abc", "|"},
      {"Content-Length: 5", "abc", "abc"},
      {"Server: x", "abc\r\n", "abc\r\n"},
  };
  for (const auto& [head, raw, body] : cases) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, raw.size()}) {
      EXPECT_EQ(decoded(head, raw, piece), body) << head << raw;
    }
  }
}

TEST(HttpBodyDecoderTest, SaysHowMuchOfItWasTheBody) {
  for (const auto& [head, raw] :
       std::vector<std::pair<std::string, std::string>>{{"Transfer-Encoding: chunked", "1\r\na\r\n0\r\n\r\n"},
                                                        {"Content-Length: 3", "abc"},
                                                        {"Content-Length: 0", ""}}) {
    HttpBodyDecoder decoder(HttpResponseHead::parse("HTTP/1.1 200 OK\r\n" + head));
    std::string body;
    EXPECT_EQ(decoder.decode(raw + "HTTP/1.1 ", body), raw.size()) << head;
    EXPECT_EQ(decoder.decode("200", body), 0U) << head;
  }
  HttpBodyDecoder none = HttpBodyDecoder::of_no_body();
  std::string body;
  EXPECT_TRUE(none.ended());
  EXPECT_EQ(none.decode("x", body), 0U);
}

TEST(HttpBodyDecoderTest, RefusesWhatIsNone) {
  const std::string chunked = "Transfer-Encoding: chunked";
  for (const std::string raw :
       {"x\r\n", "\r\n", "-1\r\n", "0x3\r\nabc", "fffffffffffffffff\r\n", "2\r\nabc\r\n"}) {
    EXPECT_THROW(decoded(chunked, raw, 1), ReceiverRefused) << raw;
  }
  EXPECT_THROW(decoded(chunked, std::string(5000, '0'), 100), ReceiverRefused);
  EXPECT_THROW(decoded(chunked, "0\r\n" + std::string(70000, 'x'), 100), ReceiverRefused);
  EXPECT_THROW(decoded("Transfer-Encoding: gzip, chunked", "", 1), ReceiverRefused);
  for (const std::string length : {"", "-1", "1x", "99999999999999999999"}) {
    EXPECT_THROW(decoded("Content-Length: " + length, "", 1), ReceiverRefused) << length;
  }
}

}  // namespace
}  // namespace ssync
