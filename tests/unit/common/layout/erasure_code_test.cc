#include "common/layout/erasure_code.h"

#include <gtest/gtest.h>

namespace ssync {
namespace {

ErasureCoding policy(const std::string& ec_type, int data, int parity) {
  ErasureCoding result;
  result.ec_type = ec_type;
  result.data_fragments = data;
  result.parity_fragments = parity;
  return result;
}

TEST(ErasureCodeTest, MakesAllFragmentsOfASegment) {
  const ErasureCode code(policy("liberasurecode_rs_vand", 4, 2));
  ASSERT_EQ(code.error(), 0);
  const auto fragments = code.encode(std::string(4096, 'x'));
  ASSERT_EQ(fragments.size(), 6U);
  for (const std::string& fragment : fragments) {
    EXPECT_EQ(fragment.size(), static_cast<std::size_t>(code.fragment_size(4096)));
  }
  // The data fragments are the data, after their headers.
  EXPECT_EQ(fragments[0].substr(80), std::string(1024, 'x'));
  EXPECT_NE(fragments[0], fragments[1]);
}

TEST(ErasureCodeTest, TellsThatThereIsNone) {
  EXPECT_NE(ErasureCode(policy("no_such_code", 4, 2)).error(), 0);
  EXPECT_NE(ErasureCode(policy("liberasurecode_rs_vand", 40, 2)).error(), 0);
}

}  // namespace
}  // namespace ssync
