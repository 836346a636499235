#include "common/store/suffix_hashes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "common/hashes/hashes_file.h"
#include "common/os/md5.h"
#include "tests/unit/temporary_device.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

const char kT1[] = "4000000001.00000";
const char kT2[] = "4000000002.00000";

class SuffixHashesTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::map<std::string, std::string> hashes() {
    std::map<std::string, std::string> result;
    for (const auto& [key, hash] : partition_hashes(device_.partition(), threads_)) {
      const auto* hex = std::get_if<pickle::Text>(&hash.data);
      result[std::get<pickle::Text>(key.data).utf8] = hex == nullptr ? "None" : hex->utf8;
    }
    return result;
  }
  [[nodiscard]] std::string suffix_of(const ObjectName& name) const {
    return device_.hash_of(name).substr(29);
  }
  [[nodiscard]] std::string path() const { return device_.partition().path(); }
  void store_hashes(const std::string& suffix, const std::string& hash) const {
    HashesFile file = HashesFile::empty();
    file.set(suffix, pickle::Value{pickle::Text{hash}});
    file.write(path());
  }

  TemporaryDevice device_;
  DiskThreads threads_{4};
  const ObjectName name_{"a", "c", "o"};
};

TEST_F(SuffixHashesTest, APartitionThatIsNotThereHasNoneAndIsNotMade) {
  EXPECT_THAT(hashes(), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(SuffixHashesTest, HashesTimesAndExtensions) {
  device_.add_data(name_, kT1, "hello");
  EXPECT_THAT(hashes(), ElementsAre(Pair(suffix_of(name_), md5_hex(std::string(kT1) + ".data"))));
}

TEST_F(SuffixHashesTest, HashesOnlyWhatCounts) {
  device_.add_data(name_, kT1, "hello");
  device_.add_meta(name_, kT2);
  device_.add_bare_file(name_, std::string(".") + kT1 + ".data.Xy095a");
  EXPECT_THAT(hashes(),
              ElementsAre(Pair(suffix_of(name_), md5_hex(std::string(kT2) + ".meta" + kT1 + ".data"))));
}

TEST_F(SuffixHashesTest, HashesAContentTypesTime) {
  device_.add_data(name_, kT1, "hello");
  device_.add_file(name_, std::string(kT2) + "-1.meta", TemporaryDevice::named(name_, kT2));
  EXPECT_THAT(hashes(), ElementsAre(Pair(suffix_of(name_), md5_hex(std::string(kT2) + ".meta" + kT1 +
                                                                   ".data" + "4000000001.99999_ctype"))));
}

// lp bug of 2.12 to 2.14: what hashes.pkl says is trusted until it is invalidated.
TEST_F(SuffixHashesTest, TrustsAValidFileUntilItIsInvalidated) {
  device_.add_data(name_, kT1, "hello");
  const std::string suffix = suffix_of(name_);
  store_hashes(suffix, "wrong");
  EXPECT_THAT(hashes(), ElementsAre(Pair(suffix, "wrong")));
  invalidate_suffixes(device_.partition(), {suffix, "zzz", "../", ""});
  EXPECT_EQ(read_file(path() + "/hashes.invalid"), suffix + "\n");
  EXPECT_THAT(hashes(), ElementsAre(Pair(suffix, md5_hex(std::string(kT1) + ".data"))));
  EXPECT_EQ(read_file(path() + "/hashes.invalid"), "");
}

TEST_F(SuffixHashesTest, OmitsWhatAValidFileDoesNotList) {
  device_.add_data(name_, kT1, "hello");
  HashesFile file = HashesFile::empty();
  file.write(path());
  EXPECT_THAT(hashes(), IsEmpty());
}

TEST_F(SuffixHashesTest, AReplicatorLooksForSuffixesThatAValidFileDoesNotList) {
  device_.add_data(name_, kT1, "hello");
  HashesFile::empty().write(path());
  const PartitionHashes found = hash_partition(device_.partition(), threads_, {.list_directory = true});
  EXPECT_EQ(found.suffixes.size(), 1U);
  EXPECT_EQ(found.hashed, 1U);
  EXPECT_EQ(hash_partition(device_.partition(), threads_, {.list_directory = true}).hashed, 0U);
}

TEST_F(SuffixHashesTest, AReplicatorHashesAgainWhatDiffers) {
  device_.add_data(name_, kT1, "hello");
  store_hashes(suffix_of(name_), "wrong");
  // A suffix that is not there is dropped.
  const PartitionHashes found =
      hash_partition(device_.partition(), threads_, {.recalculate = {suffix_of(name_), "000"}});
  EXPECT_EQ(found.hashed, 1U);
  EXPECT_THAT(hashes(), ElementsAre(Pair(suffix_of(name_), md5_hex(std::string(kT1) + ".data"))));
}

TEST_F(SuffixHashesTest, ASuffixOfKnownFilesHasTheHashThatItHasOnDisk) {
  device_.add_data(name_, kT1, "hello");
  device_.add_meta(name_, kT2);
  const ObjectFiles files =
      choose_object_files({std::string(kT1) + ".data", std::string(kT2) + ".meta"}, PolicyType::replication);
  EXPECT_THAT(hashes(), ElementsAre(Pair(suffix_of(name_), suffix_hash_of(std::vector{files}))));
}

TEST_F(SuffixHashesTest, RemovesEmptySuffixesAndForgetsThem) {
  std::filesystem::create_directories(path() + "/abc");
  std::filesystem::create_directories(path() + "/def/" + std::string(29, '0') + "def");
  EXPECT_THAT(hashes(), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(path() + "/abc"));
  EXPECT_FALSE(std::filesystem::exists(path() + "/def"));
}

TEST_F(SuffixHashesTest, AFileInThePlaceOfASuffixIsNone) {
  std::filesystem::create_directories(path());
  std::ofstream(path() + "/abc") << "x";
  EXPECT_THAT(hashes(), IsEmpty());
  EXPECT_TRUE(std::filesystem::exists(path() + "/abc"));
}

TEST_F(SuffixHashesTest, QuarantinesAFileInThePlaceOfAHashDirectory) {
  const std::string hash = std::string(29, '0') + "abc";
  std::filesystem::create_directories(path() + "/abc");
  std::ofstream(path() + "/abc/" + hash) << "x";
  EXPECT_THAT(hashes(), IsEmpty());
  EXPECT_THAT(names_in(device_.path() + "/quarantined/objects"), ElementsAre(hash));
}

// What the threads leave to be done in turn is the same whatever stands beside it.
TEST_F(SuffixHashesTest, HashesManySuffixesWhateverIsToBeDoneInSome) {
  std::map<std::string, std::string> expected;
  std::size_t files_in_the_way = 0;
  for (int i = 0; i < 200; ++i) {
    const ObjectName name{"a", "c", "o" + std::to_string(i)};
    const std::string suffix = suffix_of(name);
    if (expected.contains(suffix)) continue;
    device_.add_data(name, kT2, "hello");
    switch (i % 4) {
      case 0:
        device_.add_bare_file(name, std::string(kT1) + ".data");
        break;
      case 1:
        device_.add_bare_file(name, "junk");
        break;
      case 2:
        std::ofstream(path() + "/" + suffix + "/" + std::string(29, '0') + suffix) << "x";
        ++files_in_the_way;
        break;
      default:
        break;
    }
    expected[suffix] = md5_hex(std::string(kT2) + ".data");
  }
  std::filesystem::create_directories(path() + "/zzz");
  EXPECT_EQ(hashes(), expected);
  EXPECT_FALSE(std::filesystem::exists(path() + "/zzz"));
  EXPECT_FALSE(std::filesystem::exists(device_.hash_dir_of({"a", "c", "o0"}) + "/" + kT1 + ".data"));
  EXPECT_EQ(names_in(device_.path() + "/quarantined/objects").size(), files_in_the_way);
}

TEST_F(SuffixHashesTest, ASecondLookLeavesTheFileAsItIs) {
  device_.add_data(name_, kT1, "hello");
  EXPECT_EQ(hashes().size(), 1U);
  const std::string before = read_file(path() + "/hashes.pkl");
  EXPECT_EQ(hashes().size(), 1U);
  EXPECT_EQ(read_file(path() + "/hashes.pkl"), before);
}

}  // namespace
}  // namespace ssync
