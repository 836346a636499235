#include "common/store/unsynced_directories.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "common/os/errors.h"
#include "tests/temporary_directory.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(UnsyncedDirectoriesTest, PassesOverWhatIsGone) {
  const TemporaryDirectory directory;
  UnsyncedDirectories unsynced;
  unsynced.add(directory.path());
  unsynced.add(directory.path() + "/gone");
  EXPECT_NO_THROW(unsynced.sync());
}

TEST(UnsyncedDirectoriesTest, KeepsWhatItCouldNotSync) {
  const TemporaryDirectory directory;
  const std::string file = directory.path() + "/file";
  std::ofstream(file) << "x";
  UnsyncedDirectories unsynced;
  unsynced.add(file);
  EXPECT_THROW(unsynced.sync(), OsError);
  EXPECT_THROW(unsynced.sync(), OsError);
  std::filesystem::remove(file);
  EXPECT_NO_THROW(unsynced.sync());
}

TEST(UnsyncedDirectoriesTest, AddsOnceWhatOthersMade) {
  UnsyncedDirectories unsynced;
  unsynced.add_once("/a");
  unsynced.add_once("/a");
  EXPECT_THAT(unsynced.take(), ElementsAre("/a"));
  unsynced.add_once("/a");
  EXPECT_THAT(unsynced.take(), IsEmpty());
  unsynced.add("/a");
  EXPECT_THAT(unsynced.take(), ElementsAre("/a"));
}

}  // namespace
}  // namespace ssync
