#include "worker/pool/pid_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

#include "common/config/errors.h"
#include "tests/temporary_directory.h"

namespace ssync {
namespace {

class PidFileTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return directory_.path() + "/pid"; }
  [[nodiscard]] bool exists() const { return std::filesystem::exists(path()); }
  [[nodiscard]] std::string contents() const {
    std::ifstream file(path());
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static std::string own_line() { return std::to_string(getpid()) + "\n"; }

  const TemporaryDirectory directory_;
};

TEST_F(PidFileTest, NamesTheProcessWhileItLives) {
  {
    const PidFile file(path());
    EXPECT_EQ(contents(), own_line());
  }
  EXPECT_FALSE(exists());
}

TEST_F(PidFileTest, ReplacesWhatADeadMasterLeft) {
  directory_.write("pid", "123456789\nand more than its own line\n");
  const PidFile file(path());
  EXPECT_EQ(contents(), own_line());
}

// What is there at the end is removed only if it is this process's.
TEST_F(PidFileTest, LeavesWhatIsNotItsOwn) {
  struct Case {
    const char* why;
    std::optional<std::string> at_the_end;  // nullopt: removed
    bool stays;
  };
  const Case cases[] = {
      {"its own", own_line(), false},   {"another master's", std::to_string(getpid() + 1) + "\n", true},
      {"no number", "none\n", true},    {"nothing", "", true},
      {"removed", std::nullopt, false},
  };
  for (const Case& c : cases) {
    {
      const PidFile file(path());
      if (c.at_the_end) {
        directory_.write("pid", *c.at_the_end);
      } else {
        std::filesystem::remove(path());
      }
    }
    EXPECT_EQ(exists(), c.stays) << c.why;
    if (c.stays) {
      EXPECT_EQ(contents(), *c.at_the_end) << c.why;
    }
  }
}

TEST_F(PidFileTest, AnEmptyPathIsNoFile) {
  const auto entries = [] {
    return std::distance(std::filesystem::directory_iterator("."), std::filesystem::directory_iterator());
  };
  const auto before = entries();
  const PidFile file("");
  EXPECT_EQ(entries(), before);
}

TEST_F(PidFileTest, SaysWhatToDoIfItCannotBeWritten) {
  const std::string reasons[][2] = {{directory_.path() + "/none/pid", "No such file or directory"},
                                    {directory_.path(), "Is a directory"}};
  for (const auto& [bad_path, reason] : reasons) {
    try {
      const PidFile file(bad_path);
      ADD_FAILURE() << bad_path;
    } catch (const ConfigError& error) {
      EXPECT_EQ(error.what(), "[worker] pid_file = " + bad_path + ": cannot be written: " + reason +
                                  "; create its directory, or give another path");
    }
  }
}

}  // namespace
}  // namespace ssync
