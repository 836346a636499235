#include "common/config/log_setup.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/config/errors.h"
#include "common/os/fd.h"
#include "common/os/log.h"
#include "common/os/log_context.h"
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

// What stands in lines of JSON in a file.
std::vector<nlohmann::json> objects_in(const std::string& path) {
  std::vector<nlohmann::json> objects;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    EXPECT_TRUE(std::ranges::all_of(line, [](char c) { return c >= 0x20 && c < 0x7f; })) << line;
    objects.push_back(nlohmann::json::parse(line));
  }
  return objects;
}

TEST_F(LogSetupTest, JsonHasWhatALineBelongsTo) {
  const std::string path = directory_.path() + "/log";
  setup_logging({.target = path, .format = "json", .name = "obj", .level = "DEBUG"});
  {
    const log::Context context({{"trans_id", "tx1"}, {"policy", std::int64_t{1}}, {"seconds", 0.25}});
    log::warning("path: {}", "/a");
  }
  log::debug("alone");
  // As after SIGUSR1.
  std::filesystem::rename(path, path + ".1");
  setup_logging({.target = path, .format = "json", .name = "obj"});
  log::error("reopened");
  const std::vector<nlohmann::json> before = objects_in(path + ".1");
  ASSERT_EQ(before.size(), 2U);
  EXPECT_THAT(before[0]["time"].get<std::string>(),
              ::testing::MatchesRegex("20[0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]"
                                      "[.][0-9][0-9][0-9][0-9][0-9][0-9]Z"));
  nlohmann::json rest = before[0];
  rest.erase("time");
  EXPECT_EQ(rest, nlohmann::json({{"level", "WARNING"},
                                  {"name", "obj"},
                                  {"pid", ::getpid()},
                                  {"message", "path: /a"},
                                  {"trans_id", "tx1"},
                                  {"policy", 1},
                                  {"seconds", 0.25}}));
  EXPECT_EQ(before[1]["message"], "alone");
  EXPECT_EQ(before[1]["level"], "DEBUG");
  EXPECT_FALSE(before[1].contains("trans_id"));
  ASSERT_EQ(objects_in(path).size(), 1U);
  EXPECT_EQ(objects_in(path)[0]["message"], "reopened");
}

TEST_F(LogSetupTest, JsonCannotBeForged) {
  const std::string path = directory_.path() + "/log";
  setup_logging({.target = path, .format = "json"});
  const std::pair<std::string, std::string> cases[] = {
      {"plain", "plain"},
      {R"("},{"level":"x)", R"("},{"level":"x)"},
      {"a\\nb", "a\\nb"},
      {"two\nlines\r", "two\nlines\r"},
      {std::string("\0\x01\x1b[2J\x7f", 7), std::string("\0\x01\x1b[2J\x7f", 7)},
      {"\xc3\xa9", "\xc3\xa9"},
      {"\xc2\x9b", "\xc2\x9b"},
      {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
      {"a\xff", "a\xef\xbf\xbd"},
      {"\xc3", "\xef\xbf\xbd"},
      {"\xc0\xafz", "\xef\xbf\xbd\xef\xbf\xbdz"},
      {"\xed\xa0\x80.", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd."},
      {std::string(100000, '"'), std::string(100000, '"')},
  };
  for (const auto& [written, read] : cases) {
    const log::Context context({{"device", written}});
    log::info("{}", written);
    const nlohmann::json object = objects_in(path).back();
    EXPECT_EQ(object["message"].get<std::string>(), read);
    EXPECT_EQ(object["device"].get<std::string>(), read);
    EXPECT_EQ(object["level"], "INFO");
  }
  EXPECT_EQ(objects_in(path).size(), std::size(cases));
}

TEST_F(LogSetupTest, TextIsTheSameWithAndWithoutContext) {
  const std::string path = directory_.path() + "/log";
  setup_logging({.target = path, .name = "obj"});
  const log::Context context({{"device", "sda1"}});
  log::info("message");
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  EXPECT_THAT(line, ::testing::MatchesRegex("[A-Z][a-z][a-z] [ 0-9][0-9] [0-9:]+ obj.[0-9]+.: INFO message"));
}

TEST_F(LogSetupTest, RefusesAnUnknownFormat) {
  EXPECT_THAT(thrown_message<ConfigError>([] { setup_logging({.format = "xml"}); }),
              HasSubstr("[worker] log_format = xml: unknown format; use text or json"));
}

// A stream on standard error that says that it is the journal's, and a socket in the place of journald's.
class JournalTest : public LogSetupTest {
 protected:
  JournalTest() {
    const Fd stream = open_file(stream_path(), O_WRONLY | O_CREAT | O_TRUNC);
    ::dup2(stream.get(), STDERR_FILENO);
    struct stat status {};
    ::fstat(stream.get(), &status);
    const std::string name = std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
    ::setenv("JOURNAL_STREAM", name.c_str(), 1);
  }
  ~JournalTest() override { restore(); }

  void restore() {
    ::unsetenv("JOURNAL_STREAM");
    ::dup2(before_.get(), STDERR_FILENO);
  }
  void listen() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, socket_path().c_str(), sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(journald_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  // The next entry's fields; no entry is none.
  [[nodiscard]] std::map<std::string, std::string> entry() const {
    std::string bytes(1 << 20, '\0');
    const ssize_t size = ::recv(journald_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    std::map<std::string, std::string> fields;
    std::string_view rest(bytes.data(), size < 0 ? 0 : static_cast<std::size_t>(size));
    while (!rest.empty()) {
      const std::string name(rest.substr(0, rest.find('\n')));
      rest.remove_prefix(name.size() + 1);
      std::uint64_t length = 0;  // of a machine like those that it runs on: the least byte first
      std::memcpy(&length, rest.data(), sizeof length);
      rest.remove_prefix(sizeof length);
      EXPECT_TRUE(fields.emplace(name, rest.substr(0, length)).second) << name << " twice";
      EXPECT_EQ(rest.at(length), '\n');
      rest.remove_prefix(length + 1);
    }
    return fields;
  }
  [[nodiscard]] std::string stream_path() const { return directory_.path() + "/stream"; }
  [[nodiscard]] std::string socket_path() const { return directory_.path() + "/socket"; }
  [[nodiscard]] std::string on_stream() const {
    std::ifstream file(stream_path());
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  const Fd before_{::dup(STDERR_FILENO)};
  const Fd journald_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

TEST_F(JournalTest, GetsLinesWithTheirFields) {
  listen();
  setup_logging({.target = "stderr", .name = "obj", .level = "DEBUG"}, socket_path());
  {
    const log::Context context(
        {{"trans_id", "tx\nPRIORITY=0"}, {"policy", std::int64_t{1}}, {"seconds", 0.25}});
    log::warning("two\n{}", "lines");
  }
  log::debug("{}", "debug");
  const std::map<std::string, std::string> first = {
      {"MESSAGE", "two#012lines"}, {"PRIORITY", "4"},         {"SYSLOG_IDENTIFIER", "obj"},
      {"SSYNC_POLICY", "1"},       {"SSYNC_SECONDS", "0.25"}, {"SSYNC_TRANS_ID", "tx\nPRIORITY=0"}};
  EXPECT_EQ(entry(), first);
  const std::map<std::string, std::string> second = {
      {"MESSAGE", "debug"}, {"PRIORITY", "7"}, {"SYSLOG_IDENTIFIER", "obj"}};
  EXPECT_EQ(entry(), second);
  EXPECT_EQ(on_stream(), "");
}

TEST_F(JournalTest, GetsJsonAsTheMessage) {
  listen();
  setup_logging({.target = "stderr", .format = "json"}, socket_path());
  const log::Context context({{"device", "sda1"}});
  log::info("x");
  const auto fields = entry();
  EXPECT_EQ(nlohmann::json::parse(fields.at("MESSAGE"))["device"], "sda1");
  EXPECT_EQ(fields.at("SSYNC_DEVICE"), "sda1");
}

TEST_F(JournalTest, GetsPrioritiesOnItsStreamIfItsSocketIsNotThere) {
  setup_logging({.target = "stderr", .level = "DEBUG"}, socket_path());
  log::debug("{}", "debug");
  log::info("{}", "two\nlines");
  log::warning("{}", "warning");
  log::error("{}", "error");
  log::critical("{}", "critical");
  EXPECT_EQ(on_stream(), "<4>no fields in the journal: [Errno 2] No such file or directory: '" +
                             socket_path() +
                             "'; such lines come without them\n"
                             "<7>debug\n<6>two#012lines\n<4>warning\n<3>error\n<2>critical\n");
  listen();
  log::info("again");
  EXPECT_EQ(entry().at("MESSAGE"), "again");
}

TEST_F(JournalTest, GetsOnItsStreamWhatIsTooLongForAnEntry) {
  listen();
  setup_logging({.target = "stderr"}, socket_path());
  const std::string text(4 << 20, 'x');
  log::info("{}", text);
  EXPECT_THAT(on_stream(), ::testing::StartsWith("<4>no fields in the journal: [Errno 90] Message too long"));
  EXPECT_THAT(on_stream(), ::testing::EndsWith("\n<6>" + text + "\n"));
}

// As of a journald that hangs, or is stopped.
TEST_F(JournalTest, GetsOnItsStreamWhatItsQueueHasNoRoomFor) {
  listen();
  setup_logging({.target = "stderr"}, socket_path());
  std::size_t room = 0;
  std::ifstream("/proc/sys/net/unix/max_dgram_qlen") >> room;
  const std::size_t lines = room + 3;
  for (std::size_t i = 0; i < lines; ++i) log::info("line");
  std::size_t queued = 0;
  while (!entry().empty()) ++queued;
  const std::string stream = on_stream();
  EXPECT_THAT(stream, ::testing::StartsWith("<4>no fields in the journal: [Errno 11] "));
  const auto written = static_cast<std::size_t>(std::ranges::count(stream, '\n')) - 1;
  EXPECT_GT(written, 0U);
  EXPECT_EQ(queued + written, lines);
}

TEST_F(JournalTest, IsNotTakenForAnotherStream) {
  listen();
  ::setenv("JOURNAL_STREAM", "1:2", 1);
  setup_logging({.target = "stderr"}, socket_path());
  log::info("{}", "elsewhere");
  EXPECT_THAT(on_stream(), ::testing::MatchesRegex("[A-Z].*: INFO elsewhere\n"));
  EXPECT_TRUE(entry().empty());
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
