#include "common/hashes/suffix_invalidation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "common/os/errors.h"
#include "tests/temporary_directory.h"

namespace ssync {
namespace {

// A partition that is not there yet, on a device that is.
class TemporaryPartition {
 public:
  [[nodiscard]] const std::string& device_path() const noexcept { return device_.path(); }
  [[nodiscard]] std::string path() const { return device_.path() + "/objects/7"; }
  // Lines of hashes.invalid.
  [[nodiscard]] std::vector<std::string> invalid_suffixes() const {
    std::vector<std::string> lines;
    std::ifstream file(path() + "/hashes.invalid");
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

 private:
  TemporaryDirectory device_;
};

using ::testing::ElementsAre;

TEST(InvalidateSuffixTest, AppendsALineEachTime) {
  const TemporaryPartition device;
  const std::string partition = device.path();
  std::filesystem::create_directories(partition);
  EXPECT_THAT(invalidate_suffix(partition + "/abc"), ElementsAre());
  invalidate_suffix(partition + "/def");
  invalidate_suffix(partition + "/abc");
  EXPECT_EQ(read_file(partition + "/hashes.invalid"), "abc\ndef\nabc\n");
  EXPECT_THAT(names_in(partition), ElementsAre(".lock", "hashes.invalid"));
}

// lp1634967, lp1644807: what others wrote is never lost.
TEST(InvalidateSuffixTest, KeepsWhatIsThere) {
  const TemporaryPartition device;
  const std::string partition = device.path();
  std::filesystem::create_directories(partition);
  std::ofstream(partition + "/hashes.invalid") << "123\n";
  invalidate_suffix(partition + "/abc");
  EXPECT_EQ(read_file(partition + "/hashes.invalid"), "123\nabc\n");
}

// What a crash of the machine can leave.
TEST(InvalidateSuffixTest, EndsATornLineFirst) {
  for (const std::string& torn :
       {std::string("123\nab"), std::string("123\nab\0\0", 8), std::string(4, '\0')}) {
    const TemporaryPartition device;
    const std::string partition = device.path();
    std::filesystem::create_directories(partition);
    std::ofstream(partition + "/hashes.invalid") << torn;
    append_invalidations(partition, {"abc", "def"});
    EXPECT_EQ(read_file(partition + "/hashes.invalid"), torn + "\nabc\ndef\n");
  }
}

TEST(InvalidateSuffixTest, TellsWhetherInvalidationsHaveBeenTaken) {
  const TemporaryPartition device;
  const std::string partition = device.path();
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
  const TemporaryPartition device;
  const std::string partition = device.path();
  EXPECT_THAT(invalidate_suffix(partition + "/abc"),
              ElementsAre(device.device_path() + "/objects", partition));
  EXPECT_THAT(device.invalid_suffixes(), ElementsAre("abc"));
  // Not the suffix: that is for whoever has something to put in it.
  EXPECT_FALSE(std::filesystem::exists(partition + "/abc"));
}

TEST(InvalidateSuffixTest, MakesAFileThatSwiftWouldMake) {
  const TemporaryPartition device;
  const std::string partition = device.path();
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
  const TemporaryPartition device;
  std::filesystem::create_directories(device.path() + "/hashes.invalid");
  EXPECT_THROW(invalidate_suffix(device.path() + "/abc"), OsError);
}

}  // namespace
}  // namespace ssync
