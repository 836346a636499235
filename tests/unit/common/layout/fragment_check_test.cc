#include "common/layout/fragment_check.h"

#include <gtest/gtest.h>

#include <string>

#include "common/layout/erasure_code.h"

namespace ssync {
namespace {

constexpr int kSegmentSize = 4096;

ErasureCoding policy(const std::string& ec_type, int data, int parity, std::int64_t segment) {
  ErasureCoding result;
  result.ec_type = ec_type;
  result.data_fragments = data;
  result.parity_fragments = parity;
  result.segment_size = segment;
  return result;
}

TEST(FragmentSizeTest, IsThatOfPyeclib) {
  EXPECT_EQ(fragment_size(policy("liberasurecode_rs_vand", 2, 1, 1048576)), 524368U);
  EXPECT_EQ(fragment_size(policy("liberasurecode_rs_vand", 4, 2, 4096)), 1104U);
  EXPECT_EQ(fragment_size(policy("liberasurecode_rs_vand", 4, 2, 1000)), 330U);
  EXPECT_EQ(fragment_size(policy("flat_xor_hd_3", 5, 5, 1048576)), 209796U);
  EXPECT_EQ(fragment_size(policy("flat_xor_hd_4", 5, 5, 4096)), 900U);
}

TEST(FragmentSizeTest, IsUnknownWithoutABackend) {
  EXPECT_EQ(fragment_size(policy("no_such_code", 4, 2, 4096)), std::nullopt);
  EXPECT_EQ(fragment_size(policy("liberasurecode_rs_vand", 40, 2, 4096)), std::nullopt);
  EXPECT_EQ(fragment_size(policy("liberasurecode_rs_vand", 4, 2, std::int64_t{1} << 40)), std::nullopt);
}

// The first fragment of a segment.
std::string fragment_of(const std::string& segment) {
  return ErasureCode(policy("liberasurecode_rs_vand", 2, 1, kSegmentSize)).encode(segment).front();
}

class FragmentCheckTest : public ::testing::Test {
 protected:
  // -1 if all is well, in pieces of this size.
  std::int64_t first_bad(const std::string& archive, std::size_t piece) const {
    FragmentCheck check(size_);
    for (std::size_t offset = 0; offset < archive.size(); offset += piece) {
      if (const auto bad = check.update(std::string_view(archive).substr(offset, piece))) return *bad;
    }
    return check.finish().value_or(-1);
  }

  const std::string whole_ = fragment_of(std::string(kSegmentSize, 'w'));
  const std::string last_ = fragment_of("the rest");
  const std::size_t size_ = whole_.size();
};

TEST_F(FragmentCheckTest, FindsTheFirstBadHeader) {
  const auto size = static_cast<std::int64_t>(size_);
  std::string bad = whole_;
  bad[3] = static_cast<char>(bad[3] ^ 1);
  std::string bad_checksum = whole_;
  bad_checksum[70] = static_cast<char>(bad_checksum[70] ^ 1);
  std::string bad_payload = whole_;
  bad_payload[200] = static_cast<char>(bad_payload[200] ^ 1);
  const std::pair<std::string, std::int64_t> cases[] = {
      {"", -1},
      {whole_, -1},
      {whole_ + whole_, -1},
      {whole_ + last_, -1},
      {last_, -1},
      {bad, 0},
      {whole_ + bad + whole_, size},
      {whole_ + whole_ + bad_checksum, 2 * size},
      {whole_ + last_.substr(0, 80), -1},
      {whole_ + last_.substr(0, 79), size},
      {whole_ + "x", size},
      {bad_payload + whole_, -1},
      {last_ + whole_, size},
      {std::string(size_, '\0'), 0},
      {std::string(size_, '\xff'), 0},
  };
  for (const auto& [archive, offset] : cases) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{100}, size_, std::size_t{65536}}) {
      EXPECT_EQ(first_bad(archive, piece), offset) << (&archive - &cases[0].first) << " in " << piece;
    }
  }
}

TEST_F(FragmentCheckTest, WaitsForAWholeFragment) {
  std::string bad = whole_;
  bad[3] = static_cast<char>(bad[3] ^ 1);
  FragmentCheck check(size_);
  EXPECT_EQ(check.update(bad.substr(0, size_ - 1)), std::nullopt);
  EXPECT_EQ(check.update(bad.substr(size_ - 1)), 0);
}

}  // namespace
}  // namespace ssync
