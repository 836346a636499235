#include "common/layout/timestamp.h"

#include <gtest/gtest.h>

#include <limits>

#include "common/python/errors.h"
#include "tests/unit/thrown_message.h"

namespace ssync {
namespace {

TEST(TimestampTest, ReadsWhatSwiftReads) {
  struct Case {
    std::string text;
    std::string internal;
    std::string short_form;
  };
  const Case cases[] = {
      {"0", "0000000000.00000", "0000000000.00000"},
      {"1234567890.12345", "1234567890.12345", "1234567890.12345"},
      {"1234567890.12345_0000000000000abc", "1234567890.12345_0000000000000abc", "1234567890.12345_abc"},
      {"1234567890.12345_1000000000000abc", "1234567890.12345_1000000000000abc",
       "1234567890.12345_1000000000000abc"},
      {"1417462430.78693_ffffffffffffffff", "1417462430.78693_ffffffffffffffff",
       "1417462430.78693_ffffffffffffffff"},
      {"9999999999.99999", "9999999999.99999", "9999999999.99999"},
      {"1402444821.72589_", "1402444821.72589", "1402444821.72589"},
      {"1.7e9", "1700000000.00000", "1700000000.00000"},
      {" 1700000000.5 ", "1700000000.50000", "1700000000.50000"},
      {"123456.789_0x5", "0000123456.78900_0000000000000005", "0000123456.78900_5"},
      {"1_+7", "0000000001.00000_0000000000000007", "0000000001.00000_7"},
      {"1_-0", "0000000001.00000", "0000000001.00000"},
      {"-0", "0000000000.00000", "0000000000.00000"},
  };
  for (const Case& c : cases) {
    const Timestamp timestamp = Timestamp::parse(c.text);
    EXPECT_EQ(timestamp.internal(), c.internal) << c.text;
    EXPECT_EQ(timestamp.short_form(), c.short_form) << c.text;
    EXPECT_EQ(timestamp.normal(), c.internal.substr(0, 16)) << c.text;
  }
}

// The quotient by 1e-5 is rounded, as since 2.36, not the decimals that '%.05f' would print.
TEST(TimestampTest, RoundsTheQuotient) {
  const std::pair<std::string, std::int64_t> cases[] = {
      {"1.000005", 100000},
      {"1.000015", 100002},
      {"0.000005", 0},
      {"0.0000152587890625", 2},
      {"0.03125", 3125},
      {"0.015625", 1562},
      {"0.046875", 4688},
      {"1700000000.123455", 170000000012346},
      {"1700000000.1234549", 170000000012345},
      {"1234567890.12346", 123456789012346},
      {"1755077566.523385", 175507756652338},
      {"1700000000.000005", 170000000000000},
      {"9999999999.99998", 999999999999998},
      {"1234567890.000015", 123456789000001},
  };
  for (const auto& [text, raw] : cases) EXPECT_EQ(Timestamp::parse(text).raw(), raw) << text;
}

TEST(TimestampTest, RefusesWithSwiftsMessage) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "could not convert string to float: ''"},
      {"_5", "could not convert string to float: ''"},
      {"bad value", "could not convert string to float: 'bad value'"},
      {"123.456_78_90", "invalid literal for int() with base 16: '78_90'"},
      {"1_2_\xe9", "invalid literal for int() with base 16: '2_\xc3\xa9'"},
      {"1_g", "invalid literal for int() with base 16: 'g'"},
      {"1_10000000000000000", "hex part too long: '10000000000000000'"},
      {"1_00000000000000001", "hex part too long: '00000000000000001'"},
      {"1_-5", "offset must be non-negative"},
      {"-1", "timestamp cannot be negative"},
      {"-0.00001", "timestamp cannot be negative"},
      {"-1e-300", "timestamp cannot be negative"},
      {"10000000000.00000", "timestamp too large"},
      {"9999999999.999999", "timestamp too large"},
      {"inf", "cannot convert float infinity to integer"},
      {"-inf", "cannot convert float infinity to integer"},
      {"1e304", "cannot convert float infinity to integer"},
      {"nan", "cannot convert float NaN to integer"},
  };
  for (const auto& [text, message] : cases) {
    EXPECT_EQ(thrown_message<ValueError>([&, &t = text] { Timestamp::parse(t); }), message) << text;
  }
}

TEST(TimestampTest, IsMadeFromRawUnitsWithinBounds) {
  EXPECT_EQ(Timestamp::from_raw(123456789012345, 0xffffff).internal(), "1234567890.12345_0000000000ffffff");
  EXPECT_EQ(Timestamp::from_raw(999'999'999'999'999).normal(), "9999999999.99999");
  EXPECT_EQ(thrown_message<ValueError>([] { Timestamp::from_raw(1'000'000'000'000'000); }),
            "timestamp too large");
  EXPECT_EQ(thrown_message<ValueError>([] { Timestamp::from_raw(-1); }), "timestamp cannot be negative");
}

TEST(TimestampTest, GivesSecondsAsPythonsFloat) {
  EXPECT_EQ(Timestamp::parse("1234567890.12346").seconds(), 1234567890.12346);
  EXPECT_EQ(Timestamp::parse("9999999999.99999").seconds(), 9999999999.99999);
}

TEST(TimestampTest, OrdersAsItsInternalText) {
  const std::string ordered[] = {"0",
                                 "0_1",
                                 "999999999.99999",
                                 "1402436408.91203",
                                 "1402436408.91203_1",
                                 "1402436408.91203_f0",
                                 "1402436408.91203_ffffffffffffffff",
                                 "1402436408.91204"};
  for (std::size_t i = 0; i + 1 < std::size(ordered); ++i) {
    const Timestamp earlier = Timestamp::parse(ordered[i]);
    const Timestamp later = Timestamp::parse(ordered[i + 1]);
    EXPECT_LT(earlier, later) << ordered[i];
    EXPECT_LT(earlier.internal(), later.internal()) << ordered[i];
    EXPECT_EQ(earlier, Timestamp::parse(earlier.internal()));
  }
}

TEST(TimestampTest, IsSetUnlessZero) {
  EXPECT_FALSE(Timestamp().is_set());
  EXPECT_FALSE(Timestamp::parse("0_0").is_set());
  EXPECT_TRUE(Timestamp::parse("0_1").is_set());
  EXPECT_TRUE(Timestamp::parse("0.00001").is_set());
}

TEST(TimestampTest, NowIsAfterTheLastSecondOfTheYear2020) {
  EXPECT_GT(Timestamp::now(), Timestamp::parse("1609459199"));
}

TEST(TimestampTest, MovesAndDropsTheOffset) {
  const Timestamp start = Timestamp::parse("1234567890.12345_5");
  EXPECT_EQ(start.moved_by(1).internal(), "1234567890.12346");
  EXPECT_EQ(start.moved_by(-12345).internal(), "1234567890.00000");
  EXPECT_EQ(start.moved_by(0).internal(), "1234567890.12345");
  EXPECT_EQ(start.moved_by(-123456789012344).internal(), "0000000000.00001");
}

TEST(TimestampTest, MovesWithinBounds) {
  constexpr auto kLargest = std::numeric_limits<std::int64_t>::max();
  constexpr auto kSmallest = std::numeric_limits<std::int64_t>::min();
  const Timestamp start = Timestamp::parse("0.00005");
  EXPECT_EQ(thrown_message<ValueError>([&] { (void)start.moved_by(-5); }), "delta must be greater than 0");
  EXPECT_EQ(thrown_message<ValueError>([&] { (void)start.moved_by(-7); }), "delta must be greater than 2");
  EXPECT_EQ(thrown_message<ValueError>([&] { (void)start.moved_by(kSmallest); }),
            "delta must be greater than 9223372036854775803");
  EXPECT_EQ(thrown_message<ValueError>([&] { (void)Timestamp().moved_by(kSmallest); }),
            "delta must be greater than 9223372036854775808");
  EXPECT_EQ(thrown_message<ValueError>([&] { (void)start.moved_by(kLargest); }), "timestamp too large");
  EXPECT_EQ(thrown_message<ValueError>([&] { (void)start.moved_by(999'999'999'999'995); }),
            "timestamp too large");
}

TEST(TimestampPairTest, EncodesTheDelta) {
  struct Case {
    std::string first;
    std::string second;
    std::string encoded;
  };
  const Case cases[] = {
      {"1234567890.0", "1234567890.0", "1234567890.00000+0"},
      {"1234567890.0", "1234567891.0", "1234567890.00000+186a0"},
      {"1234567891.0_5", "1234567890.0_9", "1234567891.00000_5-186a0"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(encode_timestamp_pair(Timestamp::parse(c.first), Timestamp::parse(c.second)), c.encoded);
  }
}

TEST(TimestampPairTest, DecodesWhatWasEncoded) {
  struct Case {
    std::string encoded;
    std::string first;
    std::string second;
  };
  const Case cases[] = {
      {"1234567890.00000", "1234567890.00000", "none"},
      {"1234567890.00000_5", "1234567890.00000_0000000000000005", "none"},
      {"1234567890.00000_5+0", "1234567890.00000_0000000000000005", "1234567890.00000_0000000000000005"},
      {"1234567890.00000_5-186a0", "1234567890.00000_0000000000000005", "1234567889.00000"},
      {"1234567890.00000+186a0+186a0", "1234567890.00000", "1234567891.00000"},
      {"1.00000-186a0", "0000000001.00000", "0000000000.00000"},
      {"1+1+1+ignored", "0000000001.00000", "0000000001.00001"},
  };
  for (const Case& c : cases) {
    const auto [first, second] = decode_timestamp_pair(c.encoded);
    EXPECT_EQ(first.internal(), c.first) << c.encoded;
    EXPECT_EQ(second ? second->internal() : "none", c.second) << c.encoded;
  }
}

TEST(TimestampPairTest, RefusesWhatSwiftRefuses) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "could not convert string to float: ''"},
      {"-1", "could not convert string to float: ''"},
      {"1+", "invalid literal for int() with base 16: ''"},
      {"1+zz", "invalid literal for int() with base 16: 'zz'"},
      {"1+1-zz", "invalid literal for int() with base 16: 'zz'"},
      {"1-186a1", "timestamp cannot be negative"},
      {"1+1-186a2", "timestamp cannot be negative"},
      {"1+ffffffffffffffffff", "timestamp too large"},
      {"1-ffffffffffffffffff", "timestamp cannot be negative"},
  };
  for (const auto& [text, message] : cases) {
    EXPECT_EQ(thrown_message<ValueError>([&, &t = text] { decode_timestamp_pair(t); }), message) << text;
  }
}

}  // namespace
}  // namespace ssync
