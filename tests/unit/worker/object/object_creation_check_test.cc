#include "worker/object/object_creation_check.h"

#include <gtest/gtest.h>

#include "common/python/errors.h"
#include "worker/http/errors.h"
#include "worker/http/status.h"

namespace ssync {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

class ObjectCreationCheckTest : public ::testing::Test {
 protected:
  // "ok", or the status and the text of the refusal.
  std::string check(const Pairs& more, const std::vector<std::string>& without = {}) {
    headers_ = SubrequestHeaders();
    headers_.set("X-Timestamp", "1700000000.00000");
    headers_.set("Content-Type", "text/plain");
    headers_.set("Content-Length", "5");
    for (const std::string& name : without) headers_.erase(name);
    for (const auto& [name, value] : more) headers_.set(name, value);
    try {
      check_object_creation(headers_, name_, valid_timestamp(headers_), constraints_);
    } catch (const HttpError& error) {
      return std::to_string(error.answer().status) + " " + error.answer().body;
    }
    return "ok";
  }

  SubrequestHeaders headers_;
  ObjectName name_{"a", "c", "o"};
  SwiftConstraints constraints_;
};

TEST_F(ObjectCreationCheckTest, AnswersAsSwiftDoes) {
  const std::string meta = "X-Object-Meta-";
  struct Case {
    Pairs headers;
    std::string result;
  };
  const Case cases[] = {
      {{}, "ok"},
      {{{"X-Timestamp", "soon"}}, "400 Invalid X-Timestamp header"},
      {{{"Content-Length", "five"}}, "400 Invalid Content-Length header value"},
      {{{"Content-Length", "5368709122"}}, "ok"},
      {{{"Content-Length", "5368709123"}}, "413 Your request is too large."},
      {{{"Content-Type", ""}}, "400 Invalid Content-Type"},
      {{{"Content-Type", "\xff"}}, "400 Invalid Content-Type"},
      {{{"Content-Type", "\xc3\xa9"}}, "ok"},
      {{{"Content-Type", std::string("a\0b", 3)}}, "400 Invalid Content-Type"},
      {{{"Transfer-Encoding", "chunked"}}, "ok"},
      {{{"Transfer-Encoding", "gzip"}}, "400 Invalid Transfer-Encoding header value"},
      {{{"Transfer-Encoding", "gzip, chunked"}},
       "501 Unsupported Transfer-Coding header value specified in Transfer-Encoding header"},
      {{{"X-Delete-At", "soon"}}, "400 Non-integer X-Delete-At"},
      {{{"X-Delete-At", "1"}}, "ok"},  // in the past: replicated nevertheless
      {{{"X-Delete-At", "9223372036854775808"}}, "ok"},
      {{{"X-Delete-At", "-99999999999999999999"}}, "ok"},
      {{{"X-Delete-At", "\xd9\xa3"}}, "400 Non-integer X-Delete-At"},  // a digit, but not as Latin-1
      {{{"X-Delete-After", "99999999999999999999"}}, "ok"},
      {{{"X-Delete-After", "-99999999999999999999"}}, "400 X-Delete-After in past"},
      {{{"X-Delete-After", "soon"}}, "400 Non-integer X-Delete-After"},
      {{{"X-Delete-After", "0"}}, "400 X-Delete-After in past"},
      {{{"X-Delete-After", "60"}}, "ok"},
      {{{meta, "x"}}, "400 Metadata name cannot be empty"},
      {{{meta + std::string(128, 'n'), "x"}}, "ok"},
      {{{meta + std::string(129, 'n'), "x"}},
       "400 Metadata name too long: x-object-meta-N" + std::string(128, 'n')},
      {{{meta + "n", std::string(256, 'v')}}, "ok"},
      {{{meta + "n", std::string(257, 'v')}}, "400 Metadata value longer than 256: x-object-meta-N"},
      {{{"X-Other", std::string(8192, 'v')}}, "ok"},
      {{{"X-Other", std::string(8193, 'v')}}, "400 Header value too long: X-Other"},
  };
  for (const Case& c : cases) {
    const std::string first = c.headers.empty() ? "" : c.headers[0].first + ": " + c.headers[0].second;
    EXPECT_EQ(check(c.headers), c.result) << first;
  }
  EXPECT_EQ(check({}, {"X-Timestamp"}), "400 Missing X-Timestamp header");
  EXPECT_EQ(check({}, {"Content-Type"}), "400 No content type");
  EXPECT_EQ(check({}, {"Content-Length"}), "411 Missing Content-Length header.");
}

TEST_F(ObjectCreationCheckTest, BoundsTheMetadataAsAWhole) {
  Pairs many;
  for (int i = 0; i < 90; ++i) many.emplace_back("X-Object-Meta-" + std::to_string(i), "v");
  EXPECT_EQ(check(many), "ok");
  many.emplace_back("X-Object-Meta-One-More", "v");
  EXPECT_EQ(check(many), "400 Too many metadata items; max 90");
  Pairs big;
  for (int i = 0; i < 16; ++i) {
    big.emplace_back("X-Object-Meta-" + std::string(1, static_cast<char>('a' + i)), std::string(255, 'v'));
  }
  EXPECT_EQ(check(big), "ok");
  big.emplace_back("X-Object-Meta-Q", "");
  EXPECT_EQ(check(big), "400 Total metadata too large; max 4096");
}

TEST_F(ObjectCreationCheckTest, CountsANamesCharactersNotItsBytes) {
  for (int i = 0; i < 1024; ++i) name_.object += "\xc3\xa9";
  name_.object.erase(0, 2 * 1);
  EXPECT_EQ(check({}), "ok");
  name_.object += "xx";
  EXPECT_EQ(check({}), "400 Object name length of 1025 longer than 1024");
}

TEST_F(ObjectCreationCheckTest, TurnsDeleteAfterIntoDeleteAt) {
  EXPECT_EQ(check({{"X-Delete-After", "60"}}), "ok");
  EXPECT_EQ(headers_.find("X-Delete-After"), nullptr);
  EXPECT_EQ(headers_.value_or_empty("X-Delete-At"), "1700000060");
  EXPECT_EQ(check({{"X-Delete-After", "99999999999"}}), "ok");
  EXPECT_EQ(headers_.value_or_empty("X-Delete-At"), "9999999999");
  EXPECT_EQ(check({{"X-Timestamp", "1"}, {"X-Delete-After", "60"}}), "ok");
  EXPECT_EQ(headers_.value_or_empty("X-Delete-At"), "0000000061");
}

// More than a float holds is a failure in Swift, a 500.
TEST_F(ObjectCreationCheckTest, ExpiryFitsIntoAFloat) {
  EXPECT_THROW(check({{"X-Delete-At", std::string(310, '9')}}), OverflowError);
  EXPECT_THROW(check({{"X-Delete-After", std::string(310, '9')}}), OverflowError);
  SubrequestHeaders headers;
  headers.set("X-Delete-At", std::string(310, '9'));
  EXPECT_THROW(sent_delete_at(headers), OverflowError);
}

TEST(ExpectedSizeTest, IsWhatTheHeadersPromise) {
  SubrequestHeaders headers;
  EXPECT_EQ(expected_size(headers), std::nullopt);
  headers.set("Content-Length", " +5_0 ");
  EXPECT_EQ(expected_size(headers), 50);
  headers.set("Transfer-Encoding", "Chunked");
  EXPECT_EQ(expected_size(headers), std::nullopt);
  headers.set("X-Backend-Obj-Content-Length", "7");
  EXPECT_EQ(expected_size(headers), 7);
}

}  // namespace
}  // namespace ssync
