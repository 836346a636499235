#include "common/config/log_setup.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/syslog_sink.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "common/config/errors.h"
#include "common/config/journal_sink.h"
#include "common/config/log_line.h"
#include "common/os/log.h"
#include "common/python/text.h"

namespace ssync {
namespace {

// systemd.exec(5): the device and the inode of the stream to the journal that systemd gave the service.
bool stderr_is_the_journal() {
  const char* const stream = std::getenv("JOURNAL_STREAM");
  struct stat status {};
  if (stream == nullptr || ::fstat(STDERR_FILENO, &status) != 0) return false;
  return stream == std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

spdlog::sink_ptr make_sink(const LogSettings& settings, LineFormat format, int facility,
                           const std::string& journal_socket) {
  if (settings.target == "stderr" && stderr_is_the_journal()) {
    return std::make_shared<JournalSink>(settings.name, format, journal_socket);
  }
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

std::optional<LineFormat> log_format_named(std::string_view name) {
  if (name == "text") return LineFormat::text;
  if (name == "json") return LineFormat::json;
  return std::nullopt;
}

void setup_logging(const LogSettings& settings, const std::string& journal_socket) {
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
  const auto format = log_format_named(settings.format);
  if (!format) {
    throw ConfigError("[worker] log_format = " + settings.format + ": unknown format; use text or json");
  }
  if (settings.target == "syslog") {
    if (settings.address != "/dev/log") {
      throw ConfigError("[object-server] log_address = " + settings.address +
                        ": only /dev/log is supported; use it, or another log_target");
    }
    // The old syslog sink's closelog() must run before the new one's openlog().
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("ssync"));
  }
  auto logger =
      std::make_shared<spdlog::logger>("ssync", make_sink(settings, *format, *facility, journal_socket));
  logger->set_formatter(line_formatter(
      settings.name, settings.target == "syslog" ? LinePrefix::none : LinePrefix::as_syslog, *format));
  // Flush each line: it must not stay buffered in case of a fork or a crash.
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));
  log::set_threshold(*level);
}

}  // namespace ssync
