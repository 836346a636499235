#include "common/os/lock_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <memory>

#include "common/os/directory.h"
#include "common/os/errors.h"
#include "tests/unit/temporary_device.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;

class PathLockTest : public ::testing::Test {
 protected:
  // Two locks of one process exclude each other as those of two do: flock belongs to the open file.
  [[nodiscard]] LockRequest request(double timeout = 10) const {
    return {.directory = directory_.path() + "/7",
            .name = "",
            .limit = 1,
            .timeout = timeout,
            .timeout_text = "0.05",
            .give_up = {}};
  }

  TemporaryDirectory directory_;
};

TEST_F(PathLockTest, MakesTheDirectoryAndTellsWhatItMade) {
  LockRequest nested = request();
  nested.directory += "/8/9";
  const std::string& top = directory_.path();
  EXPECT_THAT(PathLock(nested).made_directories(), ElementsAre(top + "/7", top + "/7/8", top + "/7/8/9"));
  EXPECT_THAT(PathLock(nested).made_directories(), ElementsAre());
  EXPECT_THAT(names_in(nested.directory), ElementsAre(".lock"));
}

TEST_F(PathLockTest, ExcludesASecondOneWithSwiftsText) {
  const PathLock held(request());
  try {
    const PathLock second(request(0.05));
    FAIL() << "locked twice";
  } catch (const LockTimeout& timeout) {
    EXPECT_EQ(timeout.what(), "0.05 seconds: " + directory_.path() + "/7/.lock");
  }
}

TEST_F(PathLockTest, SaysSecondOfOneOnly) {
  const PathLock held(request());
  LockRequest second = request(1.0);
  second.timeout_text = "1";
  try {
    const PathLock lock(second);
    FAIL() << "locked twice";
  } catch (const LockTimeout& timeout) {
    EXPECT_EQ(timeout.what(), "1 second: " + directory_.path() + "/7/.lock");
  }
}

TEST_F(PathLockTest, IsTakenEvenWithoutAnyTimeIfItIsFree) { EXPECT_NO_THROW(PathLock(request(0))); }

TEST_F(PathLockTest, IsGivenBackAtItsEnd) {
  { const PathLock first(request()); }
  EXPECT_NO_THROW(PathLock(request(0)));
}

TEST_F(PathLockTest, IsGivenBackWhenItsHolderDies) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const PathLock held(request());
    (void)!::write(ready[1], "x", 1);
    ::pause();
    ::_exit(0);
  }
  char byte;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_THROW(PathLock(request(0)), LockTimeout);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_NO_THROW(PathLock(request(0)));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(PathLockTest, NamedOnesAreTheirOwn) {
  const PathLock held(request());
  LockRequest named = request(0.05);
  named.name = "replication";
  const PathLock other(named);
  EXPECT_THAT(names_in(named.directory), ElementsAre(".lock", ".lock-replication"));
  try {
    const PathLock again(named);
    FAIL() << "locked twice";
  } catch (const LockTimeout& timeout) {
    EXPECT_EQ(timeout.what(), "0.05 seconds: " + named.directory + "/.lock-replication");
  }
}

TEST_F(PathLockTest, LetsAsManyInAsTheLimitSays) {
  LockRequest three = request(0.05);
  three.limit = 3;
  std::vector<std::unique_ptr<PathLock>> held;
  for (int i = 0; i < 3; ++i) held.push_back(std::make_unique<PathLock>(three));
  EXPECT_THAT(names_in(three.directory), ElementsAre(".lock", ".lock-1", ".lock-2"));
  EXPECT_THROW(PathLock{three}, LockTimeout);
  held.erase(held.begin() + 1);
  EXPECT_NO_THROW(PathLock{three});
}

TEST_F(PathLockTest, WaitsUntilTheLockIsFree) {
  auto held = std::make_unique<PathLock>(request());
  LockRequest second = request();
  int asked = 0;
  // Asked after each failed attempt.
  second.give_up = [&] {
    if (++asked == 3) held.reset();
    return false;
  };
  EXPECT_NO_THROW(PathLock{second});
  EXPECT_EQ(asked, 3);
}

TEST_F(PathLockTest, GivesUpWhenTold) {
  const PathLock held(request());
  LockRequest second = request();
  second.give_up = [] { return true; };
  EXPECT_THROW(PathLock{second}, Interrupted);
}

// Whoever may write to a partition must not choose what is created, truncated or waited for.
TEST_F(PathLockTest, TakesRegularFilesOnly) {
  const LockRequest refused = request(0.05);
  std::filesystem::create_directories(refused.directory);
  const std::string lock = refused.directory + "/.lock";
  const std::string elsewhere = directory_.path() + "/elsewhere";
  const auto code = [&] {
    try {
      const PathLock taken(refused);
    } catch (const OsError& error) {
      EXPECT_EQ(error.path(), lock);
      return error.code();
    }
    return 0;
  };
  std::ofstream(elsewhere) << "contents";
  std::filesystem::create_symlink(elsewhere, lock);
  EXPECT_EQ(code(), ELOOP);
  EXPECT_EQ(std::filesystem::file_size(elsewhere), 8U);
  std::filesystem::remove(lock);
  std::filesystem::create_symlink(directory_.path() + "/missing", lock);
  EXPECT_EQ(code(), ELOOP);
  EXPECT_FALSE(std::filesystem::exists(directory_.path() + "/missing"));
  std::filesystem::remove(lock);
  ASSERT_EQ(::mkfifo(lock.c_str(), 0600), 0);
  EXPECT_EQ(code(), ENXIO) << "nobody reads it";
  const Fd reader = open_file(lock, O_RDONLY | O_NONBLOCK);
  EXPECT_EQ(code(), EINVAL) << "somebody reads it";
  std::filesystem::remove(lock);
  EXPECT_EQ(code(), 0);
}

TEST_F(PathLockTest, FailsWhereAFileIsInTheWay) {
  std::ofstream(directory_.path() + "/7") << "x";
  try {
    const PathLock lock(request());
    FAIL() << "locked";
  } catch (const OsError& error) {
    EXPECT_EQ(error.code(), EEXIST);
  }
}

TEST(MakeDirectoriesTest, TellsOnlyWhatItMade) {
  const TemporaryDirectory directory;
  const std::string& top = directory.path();
  EXPECT_THAT(make_directories(top), ElementsAre());
  EXPECT_THAT(make_directories(top + "/a/b"), ElementsAre(top + "/a", top + "/a/b"));
  EXPECT_THAT(make_directories(top + "/a/c"), ElementsAre(top + "/a/c"));
  std::ofstream(top + "/file") << "x";
  EXPECT_THROW(make_directories(top + "/file"), OsError);
  EXPECT_THROW(make_directories(top + "/file/below"), OsError);
}

}  // namespace
}  // namespace ssync
