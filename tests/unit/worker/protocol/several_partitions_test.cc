#include "worker/protocol/several_partitions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ssync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// So many partitions, from 100 on.
std::string many(std::size_t count) {
  std::string value;
  for (std::size_t i = 0; i < count; ++i) value += (i == 0 ? "" : ",") + std::to_string(100 + i);
  return value;
}

TEST(SeveralPartitionsTest, AreNamedInTheRequestsHeader) {
  EXPECT_EQ(several_partitions_header({"7"}), "X-Backend-Ssync-Partitions: 7\r\n");
  EXPECT_EQ(several_partitions_header({"7", "12", "3"}), "X-Backend-Ssync-Partitions: 7,12,3\r\n");
}

TEST(SeveralPartitionsTest, AreReadFromTheRequestsHeader) {
  EXPECT_THAT(parse_several_partitions("7"), ElementsAre("7"));
  EXPECT_THAT(parse_several_partitions("7,12,3"), ElementsAre("7", "12", "3"));
  EXPECT_THAT(parse_several_partitions("4294967295,0"), ElementsAre("4294967295", "0"));
  EXPECT_EQ(parse_several_partitions(many(32)).size(), 32U);
}

TEST(SeveralPartitionsTest, AMalformedHeaderNamesNone) {
  for (const std::string& value : {std::string(),
                                   std::string(","),
                                   std::string(",7"),
                                   std::string("7,,8"),
                                   std::string("x"),
                                   std::string("7,x1"),
                                   std::string("-7"),
                                   std::string("+7"),
                                   std::string("7.0"),
                                   std::string(" 7"),
                                   std::string("7 "),
                                   std::string("7, 8"),
                                   std::string("7;8"),
                                   std::string("7=1"),
                                   std::string(".."),
                                   std::string("7/abc"),
                                   std::string("7,../8"),
                                   std::string("7\n"),
                                   std::string("7\0", 2),
                                   std::string("\xd9\xa7"),
                                   std::string("12345678901"),
                                   std::string("7,00000000001"),
                                   many(33)}) {
    EXPECT_THAT(parse_several_partitions(value), IsEmpty()) << value;
  }
}

TEST(SeveralPartitionsTest, HaveTheirLengthsInTheAnswersHeader) {
  EXPECT_EQ(answered_partitions_header({{"7", 160}}), "X-Backend-Ssync-Partitions: 7=160\r\n");
  EXPECT_EQ(answered_partitions_header({{"7", 160}, {"12", 0}, {"3", 3399}}),
            "X-Backend-Ssync-Partitions: 7=160,12=0,3=3399\r\n");
}

// "7:abc 12:", or "not".
std::string pieces_of(std::string_view value, std::string_view body) {
  const auto pieces = split_answer(value, body);
  if (!pieces) return "not";
  std::string text;
  for (const AnswerPiece& piece : *pieces) {
    if (!text.empty()) text += ' ';
    text.append(piece.partition).append(":").append(piece.body);
  }
  return text;
}

TEST(SeveralPartitionsTest, AreTakenFromTheAnswersBodyByTheirLengths) {
  EXPECT_EQ(pieces_of("7=3", "abc"), "7:abc");
  EXPECT_EQ(pieces_of("7=3,12=0,3=2", "abcde"), "7:abc 12: 3:de");
  EXPECT_EQ(pieces_of("7=0", ""), "7:");
  EXPECT_EQ(pieces_of("", ""), "");
}

TEST(SeveralPartitionsTest, LengthsThatAreNotThoseOfTheBodyMakeNoAnswer) {
  for (const char* value : {"",
                            "7=2",
                            "7=4",
                            "7=3,8=1",
                            "7=2,8=2",
                            "7=1,8=1",
                            "7",
                            "7=3,8",
                            "7=",
                            "7=3,",
                            "7=3,,8=0",
                            "7=x",
                            "7=3x",
                            "7=-3",
                            "7=+3",
                            "7= 3",
                            "7=3 ",
                            "7=0x3",
                            "7==3",
                            "7=3=3",
                            "7=9999999999",
                            "7=99999999999",
                            "7=18446744073709551619",
                            "7=3,8=18446744073709551613",
                            "=",
                            ",",
                            "3"}) {
    EXPECT_EQ(pieces_of(value, "abc"), value == std::string("7=3,") ? "7:abc" : "not") << value;
  }
}

}  // namespace
}  // namespace ssync
