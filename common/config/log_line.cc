#include "common/config/log_line.h"

#include <fmt/core.h>
#include <syslog.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <ctime>
#include <nlohmann/json.hpp>
#include <utility>
#include <variant>
#include <vector>

#include "common/os/log_context.h"

namespace ssync {
namespace {

char octal_digit(unsigned value) { return static_cast<char>('0' + (value & 7U)); }

// Swift's.
const char* level_name(log::Level level) {
  switch (level) {
    case log::Level::debug:
      return "DEBUG";
    case log::Level::info:
      return "INFO";
    case log::Level::warning:
      return "WARNING";
    case log::Level::error:
      return "ERROR";
    case log::Level::critical:
      break;
  }
  return "CRITICAL";
}

std::string syslog_prefix(const spdlog::details::log_msg& message, const std::string& name) {
  const std::time_t seconds = spdlog::log_clock::to_time_t(message.time);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  std::array<char, 32> time{};
  const std::size_t length = std::strftime(time.data(), time.size(), "%b %e %H:%M:%S", &local);
  return fmt::format("{} {}[{}]: {} ", std::string_view(time.data(), length), name, ::getpid(),
                     level_name(level_of(message.level)));
}

// "2026-11-28T02:08:10.123456Z".
std::string utc_text(spdlog::log_clock::time_point time) {
  using std::chrono::microseconds;
  const auto since_epoch = std::chrono::duration_cast<microseconds>(time.time_since_epoch());
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
  const std::time_t whole = seconds.count();
  std::tm utc{};
  ::gmtime_r(&whole, &utc);
  std::array<char, 32> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  return fmt::format("{}.{:06}Z", std::string_view(text.data(), length), (since_epoch - seconds).count());
}

class LineFormatter : public spdlog::formatter {
 public:
  LineFormatter(std::string name, LinePrefix prefix, LineFormat format)
      : name_(std::move(name)), prefix_(prefix), format_(format) {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& line) override {
    if (prefix_ == LinePrefix::as_syslog && format_ == LineFormat::text) {
      append(line, syslog_prefix(message, name_));
    }
    if (prefix_ == LinePrefix::priority) {
      append(line, fmt::format("<{}>", syslog_priority(level_of(message.level))));
    }
    append(line, line_text(message, name_, format_));
    if (prefix_ != LinePrefix::none) line.push_back('\n');
  }

  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<LineFormatter>(name_, prefix_, format_);
  }

 private:
  static void append(spdlog::memory_buf_t& line, std::string_view text) {
    line.append(text.data(), text.data() + text.size());
  }

  std::string name_;
  LinePrefix prefix_;
  LineFormat format_;
};

}  // namespace

int syslog_priority(log::Level level) {
  switch (level) {
    case log::Level::debug:
      return LOG_DEBUG;
    case log::Level::info:
      return LOG_INFO;
    case log::Level::warning:
      return LOG_WARNING;
    case log::Level::error:
      return LOG_ERR;
    case log::Level::critical:
      break;
  }
  return LOG_CRIT;
}

log::Level level_of(spdlog::level::level_enum level) {
  switch (level) {
    case spdlog::level::trace:
    case spdlog::level::debug:
      return log::Level::debug;
    case spdlog::level::warn:
      return log::Level::warning;
    case spdlog::level::err:
      return log::Level::error;
    case spdlog::level::critical:
      return log::Level::critical;
    default:
      return log::Level::info;
  }
}

std::string escaped_text(std::string_view message) {
  std::string text;
  text.reserve(message.size());
  for (const char c : message) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      text.append({'#', octal_digit(byte >> 6U), octal_digit(byte >> 3U), octal_digit(byte)});
    } else {
      text.push_back(c);
    }
  }
  return text;
}

std::string json_text(const spdlog::details::log_msg& message, const std::string& name) {
  nlohmann::ordered_json object = {
      {"time", utc_text(message.time)},
      {"level", level_name(level_of(message.level))},
      {"name", name},
      {"pid", ::getpid()},
      {"message", std::string_view(message.payload.data(), message.payload.size())}};
  for (const log::Field& field : log::fields()) {
    std::visit([&](const auto& value) { object[std::string(field.name)] = value; }, field.value);
  }
  // ASCII only: among the other characters are some that control a terminal.
  return object.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
}

std::string line_text(const spdlog::details::log_msg& message, const std::string& name, LineFormat format) {
  if (format == LineFormat::json) return json_text(message, name);
  return escaped_text({message.payload.data(), message.payload.size()});
}

std::unique_ptr<spdlog::formatter> line_formatter(std::string name, LinePrefix prefix, LineFormat format) {
  return std::make_unique<LineFormatter>(std::move(name), prefix, format);
}

}  // namespace ssync
