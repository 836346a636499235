#include "common/config/log_setup.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/syslog_sink.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <ctime>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "common/config/errors.h"
#include "common/os/log.h"
#include "common/python/text.h"

namespace ssync {
namespace {

// syslog itself adds time, name and process id, and is given the priority beside the line; so does the
// journal, which reads the priority at the line's start (sd-daemon(3)).
enum class LinePrefix { none, as_syslog, priority };

class LineFormatter : public spdlog::formatter {
 public:
  LineFormatter(std::string name, LinePrefix prefix) : name_(std::move(name)), prefix_(prefix) {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& line) override {
    if (prefix_ == LinePrefix::as_syslog) append_prefix(message, line);
    if (prefix_ == LinePrefix::priority) {
      append(line, "<" + std::to_string(words_of(message.level).priority) + ">");
    }
    for (const char c : message.payload) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < 0x20 || byte == 0x7f) {
        const std::array<char, 4> escape{'#', octal_digit(byte >> 6U), octal_digit(byte >> 3U),
                                         octal_digit(byte)};
        line.append(escape.data(), escape.data() + escape.size());
      } else {
        line.push_back(c);
      }
    }
    if (prefix_ != LinePrefix::none) line.push_back('\n');
  }

  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<LineFormatter>(name_, prefix_);
  }

 private:
  static char octal_digit(unsigned value) { return static_cast<char>('0' + (value & 7U)); }

  struct LevelWords {
    const char* name;  // Swift's
    int priority;      // syslog's
  };

  static LevelWords words_of(spdlog::level::level_enum level) {
    switch (level) {
      case spdlog::level::trace:
      case spdlog::level::debug:
        return {"DEBUG", LOG_DEBUG};
      case spdlog::level::warn:
        return {"WARNING", LOG_WARNING};
      case spdlog::level::err:
        return {"ERROR", LOG_ERR};
      case spdlog::level::critical:
        return {"CRITICAL", LOG_CRIT};
      default:
        return {"INFO", LOG_INFO};
    }
  }

  static void append(spdlog::memory_buf_t& line, const std::string& text) {
    line.append(text.data(), text.data() + text.size());
  }

  void append_prefix(const spdlog::details::log_msg& message, spdlog::memory_buf_t& line) const {
    const std::time_t seconds = spdlog::log_clock::to_time_t(message.time);
    std::tm local{};
    ::localtime_r(&seconds, &local);
    std::array<char, 32> time{};
    const std::size_t length = std::strftime(time.data(), time.size(), "%b %e %H:%M:%S", &local);
    append(line, std::string(time.data(), length) + " " + name_ + "[" + std::to_string(::getpid()) +
                     "]: " + words_of(message.level).name + " ");
  }

  std::string name_;
  LinePrefix prefix_;
};

// systemd.exec(5): the device and the inode of the stream to the journal that systemd gave the service.
bool stderr_is_the_journal() {
  const char* const stream = std::getenv("JOURNAL_STREAM");
  struct stat status {};
  if (stream == nullptr || ::fstat(STDERR_FILENO, &status) != 0) return false;
  return stream == std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

LinePrefix prefix_for(const std::string& target) {
  if (target == "syslog") return LinePrefix::none;
  return target == "stderr" && stderr_is_the_journal() ? LinePrefix::priority : LinePrefix::as_syslog;
}

spdlog::sink_ptr make_sink(const LogSettings& settings, int facility) {
  if (settings.target == "stderr") return std::make_shared<spdlog::sinks::stderr_sink_mt>();
  if (settings.target == "syslog") {
    return std::make_shared<spdlog::sinks::syslog_sink_mt>(settings.name, LOG_PID | LOG_NDELAY, facility,
                                                           true);
  }
  try {
    return std::make_shared<spdlog::sinks::basic_file_sink_mt>(settings.target);
  } catch (const spdlog::spdlog_ex& error) {
    throw ConfigError("[worker] log_target = " + settings.target + ": " + error.what() +
                      "; use stderr, syslog or the path of a writable file");
  }
}

}  // namespace

std::optional<log::Level> log_level_named(std::string_view name) {
  static const std::map<std::string, log::Level> levels = {
      {"DEBUG", log::Level::debug},
      {"INFO", log::Level::info},
      {"NOTICE", log::Level::warning},
      {"WARN", log::Level::warning},
      {"WARNING", log::Level::warning},
      {"ERROR", log::Level::error},
      {"CRITICAL", log::Level::critical},
      {"FATAL", log::Level::critical},
      // A logger without a level has the root's, which Swift leaves as it is.
      {"NOTSET", log::Level::warning},
  };
  const auto found = levels.find(python::upper_ascii(name));
  return found == levels.end() ? std::nullopt : std::optional(found->second);
}

std::optional<int> log_facility_named(std::string_view name) {
  static const std::map<std::string_view, int> facilities = {
      {"LOG_AUTH", LOG_AUTH},     {"LOG_AUTHPRIV", LOG_AUTHPRIV}, {"LOG_CRON", LOG_CRON},
      {"LOG_DAEMON", LOG_DAEMON}, {"LOG_FTP", LOG_FTP},           {"LOG_KERN", LOG_KERN},
      {"LOG_LPR", LOG_LPR},       {"LOG_MAIL", LOG_MAIL},         {"LOG_NEWS", LOG_NEWS},
      {"LOG_SYSLOG", LOG_SYSLOG}, {"LOG_USER", LOG_USER},         {"LOG_UUCP", LOG_UUCP},
      {"LOG_LOCAL0", LOG_LOCAL0}, {"LOG_LOCAL1", LOG_LOCAL1},     {"LOG_LOCAL2", LOG_LOCAL2},
      {"LOG_LOCAL3", LOG_LOCAL3}, {"LOG_LOCAL4", LOG_LOCAL4},     {"LOG_LOCAL5", LOG_LOCAL5},
      {"LOG_LOCAL6", LOG_LOCAL6}, {"LOG_LOCAL7", LOG_LOCAL7},
  };
  const auto found = facilities.find(name);
  return found == facilities.end() ? std::nullopt : std::optional(found->second);
}

void setup_logging(const LogSettings& settings) {
  const auto level = log_level_named(settings.level);
  if (!level) {
    throw ConfigError("[object-server] log_level = " + settings.level +
                      ": unknown level; use DEBUG, INFO, NOTICE, WARNING, ERROR or CRITICAL");
  }
  const auto facility = log_facility_named(settings.facility);
  if (!facility) {
    throw ConfigError("[object-server] log_facility = " + settings.facility +
                      ": unknown facility; use LOG_LOCAL0 to LOG_LOCAL7, LOG_DAEMON or LOG_USER");
  }
  if (settings.target == "syslog") {
    if (settings.address != "/dev/log") {
      throw ConfigError("[object-server] log_address = " + settings.address +
                        ": only /dev/log is supported; use it, or another log_target");
    }
    // The old syslog sink's closelog() must run before the new one's openlog().
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("ssync"));
  }
  auto logger = std::make_shared<spdlog::logger>("ssync", make_sink(settings, *facility));
  logger->set_formatter(std::make_unique<LineFormatter>(settings.name, prefix_for(settings.target)));
  // Flush each line: it must not stay buffered in case of a fork or a crash.
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
  log::set_threshold(*level);
}

}  // namespace ssync
