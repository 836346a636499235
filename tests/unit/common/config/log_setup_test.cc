#include "common/config/log_setup.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "common/config/errors.h"
#include "common/os/fd.h"
#include "common/os/log.h"
#include "tests/temporary_directory.h"
#include "tests/unit/thrown_message.h"

namespace ssync {
namespace {

using ::testing::HasSubstr;

class LogSetupTest : public ::testing::Test {
 protected:
  ~LogSetupTest() override { spdlog::set_default_logger(before_); }

  const std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
  const TemporaryDirectory directory_;
};

TEST_F(LogSetupTest, LinesCannotBeForged) {
  const LogSettings settings{.target = directory_.path() + "/log", .name = "obj", .level = "NOTICE"};
  setup_logging(settings);
  log::warning("path: {}", "a\nb\x7f\xc3\xa9");
  log::info("not logged");
  std::filesystem::rename(directory_.path() + "/log", directory_.path() + "/log.1");
  setup_logging(settings);
  log::error("reopened");
  const auto contents = [this](const char* name) {
    std::ifstream file(directory_.path() + name);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  };
  EXPECT_THAT(contents("/log.1"),
              ::testing::MatchesRegex("[A-Z][a-z][a-z] [ 0-9][0-9] [0-9:]+ obj.[0-9]+.: WARNING "
                                      "path: a#012b#177\xc3\xa9\n"));
  EXPECT_THAT(contents("/log"), ::testing::EndsWith("ERROR reopened\n"));
}

TEST_F(LogSetupTest, RefusesWhatItCannotOpen) {
  LogSettings settings;
  settings.target = directory_.path();
  EXPECT_THAT(thrown_message<ConfigError>([&] { setup_logging(settings); }),
              HasSubstr("[worker] log_target = " + directory_.path()));
  settings.target = "syslog";
  settings.address = "/elsewhere";
  EXPECT_THAT(thrown_message<ConfigError>([&] { setup_logging(settings); }),
              HasSubstr("log_address = /elsewhere"));
}

TEST_F(LogSetupTest, WritesWhatIsAtTheLevelOrAboveIt) {
  struct Case {
    const char* level;
    std::vector<std::string> written;
  };
  const Case cases[] = {{"DEBUG", {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}},
                        {"info", {"INFO", "WARNING", "ERROR", "CRITICAL"}},
                        {"WARN", {"WARNING", "ERROR", "CRITICAL"}},
                        {"ERROR", {"ERROR", "CRITICAL"}},
                        {"FATAL", {"CRITICAL"}}};
  for (const Case& c : cases) {
    const std::string path = directory_.path() + "/" + c.level;
    setup_logging({.target = path, .level = c.level});
    log::debug("{}", "DEBUG");
    log::info("{}", "INFO");
    log::warning("{}", "WARNING");
    log::error("{}", "ERROR");
    log::critical("{}", "CRITICAL");
    std::vector<std::string> words;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) words.push_back(line.substr(line.rfind(' ') + 1));
    EXPECT_EQ(words, c.written) << c.level;
  }
}

// What a line quotes may come from the wire.
TEST_F(LogSetupTest, BracesInAMessageAreText) {
  const std::string path = directory_.path() + "/log";
  setup_logging({.target = path});
  log::info("{}", "{} {0} {:d}");
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  EXPECT_THAT(line, ::testing::EndsWith("INFO {} {0} {:d}"));
}

TEST_F(LogSetupTest, GivesTheJournalThePriorityOnly) {
  const std::string path = directory_.path() + "/stream";
  const Fd stream = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
  const Fd before(::dup(STDERR_FILENO));
  ASSERT_GE(::dup2(stream.get(), STDERR_FILENO), 0);
  struct stat status {};
  ::fstat(stream.get(), &status);
  const std::string name = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
  ::setenv("JOURNAL_STREAM", name.c_str(), 1);
  setup_logging({.target = "stderr", .level = "DEBUG"});
  log::debug("{}", "debug");
  log::info("{}", "two\nlines");
  log::warning("{}", "warning");
  log::error("{}", "error");
  log::critical("{}", "critical");
  // Another stream, as of a service that writes into a file.
  ::setenv("JOURNAL_STREAM", "1:2", 1);
  setup_logging({.target = "stderr", .level = "DEBUG"});
  log::info("{}", "elsewhere");
  ::unsetenv("JOURNAL_STREAM");
  ::dup2(before.get(), STDERR_FILENO);
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_THAT(text.str(),
              ::testing::MatchesRegex("<7>debug\n<6>two#012lines\n<4>warning\n<3>error\n<2>critical\n"
                                      "[A-Z].*: INFO elsewhere\n"));
}

TEST(LogNamesTest, AreSwifts) {
  EXPECT_EQ(log_level_named("notice"), log::Level::warning);
  EXPECT_EQ(log_level_named("NOTSET"), log::Level::warning);
  EXPECT_EQ(log_level_named("loud"), std::nullopt);
  EXPECT_EQ(log_facility_named("LOG_LOCAL7"), LOG_LOCAL7);
  EXPECT_EQ(log_facility_named("LOG_LOCAL9"), std::nullopt);
}

}  // namespace
}  // namespace ssync
