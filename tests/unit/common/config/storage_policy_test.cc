#include "common/config/storage_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/config/errors.h"

namespace ssync {
namespace {

using ::testing::HasSubstr;

StoragePolicy policy(int index, std::string name) {
  StoragePolicy result;
  result.index = index;
  result.name = std::move(name);
  return result;
}

StoragePolicy default_policy(int index, std::string name) {
  StoragePolicy result = policy(index, std::move(name));
  result.is_default = true;
  return result;
}

StoragePolicy deprecated_policy(int index, std::string name) {
  StoragePolicy result = policy(index, std::move(name));
  result.is_deprecated = true;
  return result;
}

StoragePolicy with_aliases(StoragePolicy base, std::vector<std::string> aliases) {
  base.aliases = std::move(aliases);
  return base;
}

TEST(StoragePolicies, WithoutSectionsThereIsPolicyZero) {
  const StoragePolicies policies({});
  ASSERT_EQ(policies.all().size(), 1U);
  EXPECT_EQ(policies.all()[0].name, "Policy-0");
  EXPECT_EQ(policies.all()[0].aliases, std::vector<std::string>{"Policy-0"});
  EXPECT_TRUE(policies.all()[0].is_default);
}

TEST(StoragePolicies, ASinglePolicyIsTheDefault) {
  EXPECT_TRUE(StoragePolicies({policy(0, "gold")}).by_index(0)->is_default);
}

TEST(StoragePolicies, AreOrderedByIndexWithTheNameFirstAmongTheAliases) {
  const StoragePolicies policies(
      {policy(2, "two"), with_aliases(default_policy(0, "zero"), {"Null", "zero", "none"})});
  ASSERT_EQ(policies.all().size(), 2U);
  EXPECT_EQ(policies.all()[0].index, 0);
  EXPECT_EQ(policies.all()[1].index, 2);
  EXPECT_EQ(policies.all()[0].aliases, (std::vector<std::string>{"zero", "Null", "none"}));
}

TEST(StoragePolicies, RefuseWhatSwiftRefuses) {
  struct Case {
    std::vector<StoragePolicy> policies;
    const char* error;
  };
  const Case cases[] = {
      {{default_policy(1, "one")}, "no policy 0"},
      {{policy(0, "zero"), policy(1, "one")}, "no default storage policy"},
      {{default_policy(0, "zero"), default_policy(1, "one")},
       "[storage-policy:1]: policy 0 is already the default"},
      {{default_policy(0, "zero"), policy(0, "one")}, "[storage-policy:0]: duplicate index"},
      {{default_policy(0, "zero"), policy(1, "ZERO")},
       "[storage-policy:1]: name 'ZERO' is also the name of another"},
      {{default_policy(0, "zero"), with_aliases(policy(1, "one"), {"Zero"})},
       "name 'Zero' is also the name of another"},
      {{with_aliases(policy(0, "zero"), {"Zero"})}, "duplicate name 'Zero'"},
      {{with_aliases(policy(0, "zero"), {"a", "A"})}, "duplicate name 'A'"},
      {{policy(0, "")}, "name is missing"},
      {{policy(0, "a_b")}, "name 'a_b': names go into HTTP headers"},
      {{policy(0, "a\nb")}, "name 'a\\nb': names go into HTTP headers"},
      {{with_aliases(policy(0, "a"), {"b c"})}, "name 'b c': names go into HTTP headers"},
      {{default_policy(0, "zero"), policy(1, "policy-0")}, "name 'policy-0' is reserved"},
      {{policy(-1, "minus")}, "must not be negative"},
      {{deprecated_policy(0, "zero")}, "every storage policy is deprecated"},
  };
  for (const Case& c : cases) {
    try {
      const StoragePolicies policies(c.policies);
      ADD_FAILURE() << "accepted: " << c.error;
    } catch (const ConfigError& error) {
      EXPECT_THAT(error.what(), HasSubstr(c.error));
    }
  }
  StoragePolicy both = default_policy(0, "zero");
  both.is_deprecated = true;
  EXPECT_THROW(StoragePolicies({both, policy(1, "one")}), ConfigError);
}

TEST(StoragePolicies, AHeaderNamesAPolicyAsPythonReadsIntegers) {
  const StoragePolicies policies({default_policy(0, "zero"), policy(7, "seven")});
  struct Case {
    std::optional<std::string> header;
    int index;  // -1: none
  };
  const Case cases[] = {
      {std::nullopt, 0},
      {"", 0},
      {"0", 0},
      {"7", 7},
      {" 7 ", 7},
      {"+7", 7},
      {"007", 7},
      {"1", -1},
      {"-7", -1},
      {"x", -1},
      {" ", -1},
      {"7.0", -1},
      {"0x7", -1},
      {"4294967303", -1},
      {"-4294967289", -1},
      {"99999999999999999999", -1},
  };
  for (const Case& c : cases) {
    const StoragePolicy* found = policies.from_header(c.header);
    EXPECT_EQ(found == nullptr ? -1 : found->index, c.index) << c.header.value_or("(absent)");
  }
}

TEST(StoragePolicy, DirectoriesCarryTheIndexButForZero) {
  EXPECT_EQ(policy(0, "a").objects_dir(), "objects");
  EXPECT_EQ(policy(0, "a").tmp_dir(), "tmp");
  EXPECT_EQ(policy(12, "a").objects_dir(), "objects-12");
  EXPECT_EQ(policy(12, "a").tmp_dir(), "tmp-12");
}

}  // namespace
}  // namespace ssync
