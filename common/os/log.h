// The process's log, with Swift's levels. config/log_setup.h sets its target; before that, lines go to
// standard output.
#pragma once

#include <fmt/core.h>

#include <string_view>
#include <utility>

namespace ssync::log {

enum class Level { debug, info, warning, error, critical };

// Lines below this level are dropped.
void set_threshold(Level level);
// False if level is below the threshold.
[[nodiscard]] bool is_on(Level level);

// Writes one line. Control characters, which may come from the wire, are escaped.
void write_line(Level level, std::string_view message);

// Waits until all lines are written.
void flush();

template <typename... Args>
void write(Level level, fmt::format_string<Args...> format, Args&&... args) {
  if (is_on(level)) write_line(level, fmt::vformat(format, fmt::make_format_args(args...)));
}

template <typename... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::debug, format, std::forward<Args>(args)...);
}
template <typename... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::info, format, std::forward<Args>(args)...);
}
template <typename... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::warning, format, std::forward<Args>(args)...);
}
template <typename... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::error, format, std::forward<Args>(args)...);
}
template <typename... Args>
void critical(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::critical, format, std::forward<Args>(args)...);
}

}  // namespace ssync::log
