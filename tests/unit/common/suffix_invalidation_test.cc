#include "common/suffix_invalidation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "common/errors.h"
#include "tests/unit/temporary_device.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;

TEST(InvalidateSuffixTest, AppendsALineEachTime) {
  TemporaryDevice device;
  const std::string partition = device.partition().path();
  std::filesystem::create_directories(partition);
  EXPECT_THAT(invalidate_suffix(partition + "/abc"), ElementsAre());
  invalidate_suffix(partition + "/def");
  invalidate_suffix(partition + "/abc");
  EXPECT_EQ(read_file(partition + "/hashes.invalid"), "abc\ndef\nabc\n");
  EXPECT_THAT(names_in(partition), ElementsAre(".lock", "hashes.invalid"));
}

// lp1634967, lp1644807: what others wrote is never lost.
TEST(InvalidateSuffixTest, KeepsWhatIsThere) {
  TemporaryDevice device;
  const std::string partition = device.partition().path();
  std::filesystem::create_directories(partition);
  std::ofstream(partition + "/hashes.invalid") << "123\n";
  invalidate_suffix(partition + "/abc");
  EXPECT_EQ(read_file(partition + "/hashes.invalid"), "123\nabc\n");
}

// What a crash of the machine can leave.
TEST(InvalidateSuffixTest, EndsATornLineFirst) {
  for (const std::string& torn :
       {std::string("123\nab"), std::string("123\nab\0\0", 8), std::string(4, '\0')}) {
    TemporaryDevice device;
    const std::string partition = device.partition().path();
    std::filesystem::create_directories(partition);
    std::ofstream(partition + "/hashes.invalid") << torn;
    append_invalidations(partition, {"abc", "def"});
    EXPECT_EQ(read_file(partition + "/hashes.invalid"), torn + "\nabc\ndef\n");
  }
}

TEST(InvalidateSuffixTest, TellsWhetherInvalidationsHaveBeenTaken) {
  TemporaryDevice device;
  const std::string partition = device.partition().path();
  std::filesystem::create_directories(partition);
  std::ofstream(partition + "/hashes.invalid") << "123\nab";
  const Invalidations appended = append_invalidations(partition, {"abc", "def"});
  EXPECT_TRUE(are_pending(partition, appended));
  append_invalidations(partition, {"456"});
  EXPECT_TRUE(are_pending(partition, appended));
  std::filesystem::resize_file(partition + "/hashes.invalid", 0);
  EXPECT_FALSE(are_pending(partition, appended));
  append_invalidations(partition, {"000", "111", "222", "333"});
  EXPECT_FALSE(are_pending(partition, appended)) << "others as many";
  std::filesystem::remove(partition + "/hashes.invalid");
  EXPECT_FALSE(are_pending(partition, appended));
}

TEST(InvalidateSuffixTest, MakesAPartitionThatIsGoneAndTellsSo) {
  TemporaryDevice device;
  const std::string partition = device.partition().path();
  EXPECT_THAT(invalidate_suffix(partition + "/abc"), ElementsAre(device.path() + "/objects", partition));
  EXPECT_THAT(device.invalid_suffixes(), ElementsAre("abc"));
  // Not the suffix: that is for whoever has something to put in it.
  EXPECT_FALSE(std::filesystem::exists(partition + "/abc"));
}

TEST(InvalidateSuffixTest, MakesAFileThatSwiftWouldMake) {
  TemporaryDevice device;
  const std::string partition = device.partition().path();
  const mode_t old = ::umask(022);
  invalidate_suffix(partition + "/abc");
  ::umask(old);
  const auto mode = [](const std::string& path) {
    return static_cast<unsigned>(std::filesystem::status(path).permissions());
  };
  EXPECT_EQ(mode(partition + "/hashes.invalid"), 0644U);
  EXPECT_EQ(mode(partition + "/.lock"), 0755U);
}

TEST(InvalidateSuffixTest, FailsWhereItCannotWrite) {
  TemporaryDevice device;
  std::filesystem::create_directories(device.partition().path() + "/hashes.invalid");
  EXPECT_THROW(invalidate_suffix(device.partition().path() + "/abc"), OsError);
}

}  // namespace
}  // namespace ssync
