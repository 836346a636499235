#include "common/hashes/hashes_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace ssync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class HashesFileTest : public ::testing::Test {
 protected:
  HashesFileTest() : partition_(::testing::TempDir() + "hashes_file_test." + std::to_string(::getpid())) {
    std::filesystem::create_directory(partition_);
  }
  ~HashesFileTest() override { std::filesystem::remove_all(partition_); }

  void store(const std::string& name, const std::string& data) const {
    std::ofstream(partition_ + "/" + name) << data;
  }
  [[nodiscard]] std::string stored(const std::string& name) const {
    std::ifstream file(partition_ + "/" + name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static pickle::Value text(const std::string& value) { return {pickle::Text{value}}; }
  // "suffix=hash" of each suffix, None without a hash.
  static std::vector<std::string> suffixes(const HashesFile& file) {
    std::vector<std::string> result;
    for (const auto& [key, hash] : file.suffixes()) {
      const auto* hex = std::get_if<pickle::Text>(&hash.data);
      result.push_back(std::get<pickle::Text>(key.data).utf8 + "=" + (hex == nullptr ? "None" : hex->utf8));
    }
    return result;
  }

  const std::string partition_;
};

TEST_F(HashesFileTest, IsInvalidWhereNothingReadableIs) {
  EXPECT_FALSE(HashesFile::read(partition_).is_valid());
  const std::string valid = pickle::dump(pickle::Value{pickle::Dict{{text("abc"), text("1")}}});
  for (const std::string& data :
       {std::string(), std::string("junk"), valid.substr(0, valid.size() - 1),
        pickle::dump(pickle::Value{pickle::List{text("abc")}}),
        pickle::dump(pickle::Value{pickle::Dict{{text("abcd"), text("1")}}}),
        pickle::dump(pickle::Value{pickle::Dict{{text("ABC"), text("1")}}}),
        pickle::dump(pickle::Value{pickle::Dict{{pickle::Value{std::int64_t{1}}, text("1")}}})}) {
    store("hashes.pkl", data);
    const HashesFile file = HashesFile::read(partition_);
    EXPECT_FALSE(file.is_valid()) << data;
    EXPECT_THAT(suffixes(file), IsEmpty()) << data;
  }
}

TEST_F(HashesFileTest, IsValidWithoutTheKeysOfLaterVersions) {
  store("hashes.pkl", pickle::dump(pickle::Value{pickle::Dict{{text("abc"), text("1")}}}));
  const HashesFile file = HashesFile::read(partition_);
  EXPECT_TRUE(file.is_valid());
  EXPECT_THAT(suffixes(file), ElementsAre("abc=1"));
}

// As `cPickle.dumps({'abc': '1', 'valid': False}, 2)` of Python 2 gives it.
TEST_F(HashesFileTest, ReadsWhatPython2Wrote) {
  const char blob[] =
      "\x80\x02}q\x01(U\x03"
      "abcq\x02U\x01"
      "1q\x03U\x05validq\x04\x89u.";
  store("hashes.pkl", std::string(blob, sizeof(blob) - 1));
  const HashesFile file = HashesFile::read(partition_);
  EXPECT_FALSE(file.is_valid());
  EXPECT_THAT(suffixes(file), ElementsAre("abc=1"));
}

TEST_F(HashesFileTest, IsWrittenAsSwiftWritesIt) {
  HashesFile file = HashesFile::empty();
  file.set("abc", text("1"));
  file.add("def");
  file.add("abc");
  file.write(partition_);
  struct stat status {};
  ASSERT_EQ(::stat((partition_ + "/hashes.pkl").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  const HashesFile read = HashesFile::read(partition_);
  EXPECT_TRUE(read == file);
  EXPECT_TRUE(read.is_valid());
  EXPECT_THAT(suffixes(read), ElementsAre("abc=1", "def=None"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(partition_), {}), 1)
      << "a temporary file is left";
}

TEST_F(HashesFileTest, EqualsInAnyOrder) {
  HashesFile a = HashesFile::empty();
  a.set("abc", text("1"));
  a.set("def", text("2"));
  HashesFile b = HashesFile::empty();
  b.set("def", text("2"));
  EXPECT_FALSE(a == b);
  b.set("abc", text("1"));
  EXPECT_TRUE(a == b);
  b.set("abc", text("3"));
  EXPECT_FALSE(a == b);
  b.erase({"abc"});
  b.set("ab1", text("1"));
  EXPECT_FALSE(a == b);
}

// lp1634967, lp1644807: an invalidation is only forgotten once hashes.pkl is on disk with it.
TEST_F(HashesFileTest, InvalidationsAreMergedAndTruncated) {
  HashesFile file = HashesFile::empty();
  file.set("abc", text("1"));
  file.set("def", text("2"));
  file.write(partition_);
  store("hashes.invalid", "abc\nabc\n012\njunk\n\n ABC \n");
  EXPECT_THAT(suffixes(consolidate_hashes(partition_)), ElementsAre("abc=None", "def=2", "012=None"));
  EXPECT_THAT(suffixes(HashesFile::read(partition_)), ElementsAre("abc=None", "def=2", "012=None"));
  EXPECT_EQ(stored("hashes.invalid"), "");
  EXPECT_TRUE(std::filesystem::exists(partition_ + "/hashes.invalid"));
}

TEST_F(HashesFileTest, NothingIsWrittenWithoutInvalidations) {
  EXPECT_FALSE(consolidate_hashes(partition_).is_valid());
  store("hashes.invalid", "");
  EXPECT_FALSE(consolidate_hashes(partition_).is_valid());
  EXPECT_FALSE(std::filesystem::exists(partition_ + "/hashes.pkl"));
}

TEST(SuffixTest, IsThreeLowerCaseHexDigits) {
  for (const char* name : {"000", "abc", "f9e"}) EXPECT_TRUE(is_suffix(name)) << name;
  for (const char* name : {"", "ab", "abcd", "ABC", "abg", "a.c"}) EXPECT_FALSE(is_suffix(name)) << name;
}

}  // namespace
}  // namespace ssync
