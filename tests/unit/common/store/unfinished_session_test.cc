#include "common/store/unfinished_session.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "common/os/errors.h"
#include "common/os/fd.h"
#include "tests/temporary_directory.h"

namespace ssync {
namespace {

class UnfinishedSessionTest : public ::testing::Test {
 protected:
  UnfinishedSessionTest() : file_(open_file(path_, O_WRONLY | O_CREAT)) {}
  [[nodiscard]] bool is_marked() const { return std::filesystem::file_size(path_) != 0; }

  const TemporaryDirectory directory_;
  const std::string path_ = directory_.path() + "/.lock-replication";
  const Fd file_;
};

TEST_F(UnfinishedSessionTest, MarksTheFileForAsLongAsItLasts) {
  {
    UnfinishedSession session(file_.get(), path_);
    EXPECT_FALSE(is_marked());
    session.begin();
    EXPECT_TRUE(is_marked());
    session.begin();
    EXPECT_TRUE(is_marked());
  }
  EXPECT_FALSE(is_marked());
}

TEST_F(UnfinishedSessionTest, TakesTheMarkOfAKilledOneAwayAtItsEnd) {
  std::ofstream(path_) << "x";
  {
    const UnfinishedSession session(file_.get(), path_);
    EXPECT_TRUE(is_marked()) << "this one may be killed too";
  }
  EXPECT_FALSE(is_marked());
}

TEST_F(UnfinishedSessionTest, FailsWhereItCannotMark) {
  const Fd read_only = open_file(path_, O_RDONLY);
  UnfinishedSession session(read_only.get(), path_);
  EXPECT_THROW(session.begin(), OsError);
}

}  // namespace
}  // namespace ssync
