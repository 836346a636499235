#include "worker/replicator/priority_list.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/temporary_directory.h"

namespace ssync {
namespace {

class PriorityListTest : public ::testing::Test {
 protected:
  // Another file each time, as an editor writes it: two of one size within a tick of the clock differ.
  void write(const std::string& text) const {
    std::ofstream(path_ + ".new", std::ios::binary) << text;
    std::filesystem::rename(path_ + ".new", path_);
  }

  const TemporaryDirectory directory_;
  const std::string path_ = directory_.path() + "/priority";
};

TEST_F(PriorityListTest, HasPartitionsOfAllPoliciesOrOfOne) {
  write("# of the rack that burns\n1234\n  1:5  # this one too\r\n\n0:6");
  PriorityList list(path_);
  EXPECT_TRUE(list.empty());
  EXPECT_TRUE(list.refresh());
  EXPECT_TRUE(list.contains(0, 1234));
  EXPECT_TRUE(list.contains(3, 1234));
  EXPECT_TRUE(list.contains(1, 5));
  EXPECT_FALSE(list.contains(0, 5));
  EXPECT_TRUE(list.contains(0, 6));
  EXPECT_FALSE(list.contains(0, 12));
}

TEST_F(PriorityListTest, IsReadAgainWhenItChanges) {
  PriorityList list(path_);
  EXPECT_FALSE(list.refresh()) << "there is no file";
  write("1\n");
  EXPECT_TRUE(list.refresh());
  EXPECT_FALSE(list.refresh());
  write("2\n");
  EXPECT_TRUE(list.refresh());
  EXPECT_FALSE(list.contains(0, 1));
  EXPECT_TRUE(list.contains(0, 2));
  std::filesystem::remove(path_);
  EXPECT_TRUE(list.refresh());
  EXPECT_TRUE(list.empty());
  write("2\n");
  EXPECT_TRUE(list.refresh());
}

TEST_F(PriorityListTest, LeavesOutWhatIsNoPartition) {
  write("x\n-1\n1:\n:2\n-1:2\n99999999999999999999\n1 2\n7\n");
  PriorityList list(path_);
  EXPECT_TRUE(list.refresh());
  EXPECT_TRUE(list.contains(0, 7));
  for (const std::uint64_t partition : {1U, 2U}) EXPECT_FALSE(list.contains(1, partition)) << partition;
}

TEST_F(PriorityListTest, StaysIfTheFileCannotBeRead) {
  write("7\n");
  PriorityList list(path_);
  EXPECT_TRUE(list.refresh());
  std::filesystem::remove(path_);
  std::filesystem::create_directory(path_);
  EXPECT_FALSE(list.refresh());
  EXPECT_TRUE(list.contains(0, 7));
  std::filesystem::remove(path_);
  write(std::string((16 << 20) + 1, '\n'));
  EXPECT_FALSE(list.refresh());
  EXPECT_TRUE(list.contains(0, 7));
}

TEST_F(PriorityListTest, NeedsNoFile) {
  PriorityList list("");
  EXPECT_FALSE(list.refresh());
  EXPECT_TRUE(list.empty());
}

}  // namespace
}  // namespace ssync
