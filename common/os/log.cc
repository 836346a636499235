#include "common/os/log.h"

#include <spdlog/spdlog.h>

namespace ssync::log {
namespace {

spdlog::level::level_enum spdlogs(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warning:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
    case Level::critical:
      break;
  }
  return spdlog::level::critical;
}

}  // namespace

void set_threshold(Level level) { spdlog::default_logger_raw()->set_level(spdlogs(level)); }

bool is_on(Level level) { return spdlog::should_log(spdlogs(level)); }

void write_line(Level level, std::string_view message) {
  // As an argument, because the message may contain braces.
  spdlog::log(spdlogs(level), "{}", message);
}

void flush() { spdlog::default_logger_raw()->flush(); }

}  // namespace ssync::log
