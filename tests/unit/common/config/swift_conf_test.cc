#include "common/config/swift_conf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "common/config/errors.h"
#include "tests/unit/thrown_message.h"

namespace ssync {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class SwiftConfTest : public ::testing::Test {
 protected:
  SwiftConfTest() : dir_(::testing::TempDir() + "swift_conf_test." + std::to_string(getpid())) {
    std::filesystem::create_directory(dir_);
  }
  ~SwiftConfTest() override { std::filesystem::remove_all(dir_); }

  SwiftConf load(const std::string& text) {
    std::ofstream(dir_ + "/swift.conf", std::ios::binary) << text;
    return load_swift_conf(dir_);
  }

  std::string error_of(const std::string& text) {
    return thrown_message<ConfigError>([&] { load(text); });
  }

  std::string dir_;
};

TEST_F(SwiftConfTest, ReadsTheHashSecretsAsPythonDoes) {
  struct Case {
    const char* text;
    const char* prefix;
    const char* suffix;
  };
  const Case cases[] = {
      {"[swift-hash]\nswift_hash_path_suffix = end\n", "", "end"},
      {"[swift-hash]\nswift_hash_path_prefix = start\nswift_hash_path_suffix =\n", "start", ""},
      {"[swift-hash]\nswift_hash_path_prefix = a ; b\nswift_hash_path_suffix = 10%%\n", "a ; b", "10%"},
      {"[swift-hash]\nswift_hash_path_suffix = \xff\xe9\n", "", "\xff\xe9"},
      {"[swift-hash]\nswift_hash_path_suffix = x\xa0\n", "", "x"},
      {"[DEFAULT]\nswift_hash_path_suffix = end\n[swift-hash]\n", "", "end"},
  };
  for (const Case& c : cases) {
    const SwiftConf conf = load(c.text);
    EXPECT_EQ(conf.hash_path_prefix, c.prefix) << c.text;
    EXPECT_EQ(conf.hash_path_suffix, c.suffix) << c.text;
  }
}

TEST_F(SwiftConfTest, HasSwiftsDefaults) {
  const SwiftConf conf = load("[swift-hash]\nswift_hash_path_suffix = end\n");
  EXPECT_EQ(conf.constraints.max_file_size, 5368709122);
  EXPECT_EQ(conf.constraints.max_object_name_length, 1024);
  EXPECT_EQ(conf.constraints.auto_create_account_prefix, ".");
  EXPECT_EQ(conf.policies.all().at(0).name, "Policy-0");
}

TEST_F(SwiftConfTest, ReadsConstraintsAndPolicies) {
  const SwiftConf conf = load(
      "[swift-hash]\nswift_hash_path_suffix = end\n"
      "[swift-constraints]\nmax_file_size = 10\nmax_meta_name_length = 1\nmax_meta_value_length = 2\n"
      "max_meta_count = 3\nmax_meta_overall_size = 4\nmax_header_size = 5\nmax_object_name_length = 6\n"
      "auto_create_account_prefix = -\nextra_header_count = many\n"
      "[storage-policy:0]\nname = gold\naliases = au, best\ndefault = YES\ndiskfile_module = "
      "egg:swift#replication.fs\n"
      "[storage-policy:2]\nname = ec\npolicy_type = erasure_coding\nec_type = isa_l_rs_vand\n"
      "ec_num_data_fragments = 10\nec_num_parity_fragments = 4\nec_object_segment_size = 65536\n"
      "ec_duplication_factor = 2\ndeprecated = true\n");
  EXPECT_EQ(conf.constraints.max_file_size, 10);
  EXPECT_EQ(conf.constraints.max_meta_name_length, 1);
  EXPECT_EQ(conf.constraints.max_meta_value_length, 2);
  EXPECT_EQ(conf.constraints.max_meta_count, 3);
  EXPECT_EQ(conf.constraints.max_meta_overall_size, 4);
  EXPECT_EQ(conf.constraints.max_header_size, 5);
  EXPECT_EQ(conf.constraints.max_object_name_length, 6);
  EXPECT_EQ(conf.constraints.auto_create_account_prefix, "-");
  const StoragePolicy& gold = *conf.policies.by_index(0);
  EXPECT_EQ(gold.aliases, (std::vector<std::string>{"gold", "au", "best"}));
  EXPECT_TRUE(gold.is_default);
  EXPECT_EQ(gold.type, PolicyType::replication);
  const StoragePolicy& ec = *conf.policies.by_index(2);
  EXPECT_EQ(ec.type, PolicyType::erasure_coding);
  EXPECT_TRUE(ec.is_deprecated);
  EXPECT_EQ(ec.erasure_coding.ec_type, "isa_l_rs_vand");
  EXPECT_EQ(ec.erasure_coding.data_fragments, 10);
  EXPECT_EQ(ec.erasure_coding.parity_fragments, 4);
  EXPECT_EQ(ec.erasure_coding.segment_size, 65536);
  EXPECT_EQ(ec.erasure_coding.duplication_factor, 2);
}

TEST_F(SwiftConfTest, RefusesWhatSwiftRefuses) {
  const std::string hash = "[swift-hash]\nswift_hash_path_suffix = end\n";
  const std::string ec =
      "[storage-policy:0]\nname = a\npolicy_type = erasure_coding\nec_type = isa_l_rs_vand\n"
      "ec_num_data_fragments = 10\n";
  struct Case {
    std::string text;
    const char* error;
  };
  const Case cases[] = {
      {"", "neither swift_hash_path_prefix nor swift_hash_path_suffix is set; copy"},
      {"[DEFAULT]\nswift_hash_path_prefix = x\n", "neither swift_hash_path_prefix"},
      {"[swift-hash]\nswift_hash_path_prefix =\n", "neither swift_hash_path_prefix"},
      {"[swift-hash]\nswift_hash_path_suffix = 10%\n",
       "[swift-hash] swift_hash_path_suffix = (not shown): '%' must"},
      {hash + "[swift-hash]\n", ":3: duplicate section [swift-hash]"},
      {hash + "[swift-constraints]\nmax_file_size = big\n", "[swift-constraints] max_file_size = big: not a"},
      {hash + "[swift-constraints]\nmax_meta_count = -1\n", "max_meta_count = -1: out of range"},
      {hash + "[storage-policy:x]\nname = a\n", "[storage-policy:x]: invalid policy index"},
      {hash + "[storage-policy:-1]\nname = a\n", "[storage-policy:-1]: invalid policy index"},
      {hash + "[storage-policy:0]\n", "[storage-policy:0]: name is missing"},
      {hash + "[storage-policy:0]\nname = a\ncolour = red\n",
       "[storage-policy:0] colour = red: not an option"},
      {hash + "[storage-policy:0]\nname = a\nec_type = x\n", "[storage-policy:0] ec_type = x: not an option"},
      {hash + "[storage-policy:0]\nname = a\npolicy_type = raid\n",
       "policy_type = raid: unknown policy type"},
      {hash + "[DEFAULT]\nx = 1\n[storage-policy:0]\nname = a\n", "[DEFAULT] x = 1: not an option"},
      {hash + "[storage-policy:0]\nname = a\npolicy_type = erasure_coding\n", "ec_type is missing"},
      {hash + ec, "ec_num_parity_fragments is missing"},
      {hash + ec + "ec_num_parity_fragments = 0\n", "ec_num_parity_fragments = 0: out of range"},
      {hash + ec + "ec_num_parity_fragments = 5\n", "isa_l_rs_vand with 5 or more parity fragments"},
      {hash + ec + "ec_num_parity_fragments = 4\nec_duplication_factor = 0\n", "= 0: out of range"},
      {hash + ec + "ec_num_parity_fragments = 4\nec_object_segment_size = x\n", "= x: not a whole number"},
  };
  for (const Case& c : cases) {
    const std::string error = error_of(c.text);
    EXPECT_THAT(error, StartsWith(dir_ + "/swift.conf:")) << c.text;
    EXPECT_THAT(error, HasSubstr(c.error)) << c.text;
  }
}

TEST_F(SwiftConfTest, AMissingFileNamesTheRemedy) {
  try {
    load_swift_conf("/nonexistent");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), StartsWith("/nonexistent/swift.conf: cannot be read: No such file"));
    EXPECT_THAT(error.what(), HasSubstr("set swift_dir"));
  }
}

TEST_F(SwiftConfTest, AnotherDiskfileModuleIsRefused) {
  const auto conf = [](const std::string& replication, const std::string& erasure_coding) {
    return "[swift-hash]\nswift_hash_path_suffix = x\n[storage-policy:0]\nname = gold\ndefault = yes\n"
           "diskfile_module = " +
           replication +
           "\n[storage-policy:1]\nname = ec\npolicy_type = erasure_coding\n"
           "ec_type = liberasurecode_rs_vand\nec_num_data_fragments = 2\nec_num_parity_fragments = 1\n"
           "diskfile_module = " +
           erasure_coding + "\n";
  };
  for (const char* prefix : {"egg:swift#", "EGG:swift#", "swift#", ""}) {
    EXPECT_NO_THROW(
        load(conf(std::string(prefix) + "replication.fs", std::string(prefix) + "erasure_coding.fs")))
        << prefix;
  }
  for (const char* other : {"egg:swift#erasure_coding.fs", "egg:swift_scality#replication.fs", "egg:swift",
                            "", "kinetic.fs", "call:swift#replication.fs"}) {
    EXPECT_THAT(error_of(conf(other, "erasure_coding.fs")),
                HasSubstr(dir_ + "/swift.conf: [storage-policy:0] diskfile_module = " + other +
                          ": not Swift's own files for this type of policy (egg:swift#replication.fs)"))
        << other;
  }
  EXPECT_THAT(error_of(conf("replication.fs", "replication.fs")),
              HasSubstr("[storage-policy:1] diskfile_module = replication.fs: not Swift's own"));
}

}  // namespace
}  // namespace ssync
