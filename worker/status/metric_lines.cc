#include "worker/status/metric_lines.h"

#include <fmt/core.h>

#include "common/python/text.h"

namespace ssync {

std::string label_value(std::string_view text) {
  const bool is_utf8 = python::is_utf8(text);
  std::string value = "\"";
  for (const char c : text) {
    if (c == '\n') {
      value += "\\n";
    } else if (!is_utf8 && static_cast<unsigned char>(c) >= 0x80) {
      value += fmt::format("\\\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      if (c == '\\' || c == '"') value += '\\';
      value += c;
    }
  }
  return value + "\"";
}

void begin_metric(std::string& text, std::string_view name, std::string_view type, std::string_view help) {
  text += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
}

void append_gauge(std::string& text, std::string_view name, std::string_view help, double value) {
  begin_metric(text, name, "gauge", help);
  text += fmt::format("{} {}\n", name, value);
}

}  // namespace ssync
