#include "common/config/effective_text.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include "common/config/option.h"
#include "common/config/option_table.h"
#include "common/config/statsd_conf.h"
#include "common/python/number.h"

namespace ssync {
namespace {

struct Line {
  std::string origin;
  std::string text;
};

std::string origin_of(const Settings& settings, const std::string& name) {
  const auto found = settings.origins.find(name);
  if (found == settings.origins.end()) return {};
  const SettingOrigin& origin = found->second;
  std::string text =
      one_line(origin.section.empty() ? origin.file : "[" + origin.section + "] of " + origin.file);
  if (origin.is_default) return "default, since the value falls back: " + text;
  return origin.note ? text + ": " + *origin.note : text;
}

// The lines by origin, each of these where it appears first.
std::string grouped(const std::vector<Line>& lines) {
  std::vector<std::pair<std::string, std::string>> groups;
  std::string defaults;
  for (const Line& line : lines) {
    if (line.origin.empty()) {
      defaults += line.text;
      continue;
    }
    auto group = groups.begin();
    while (group != groups.end() && group->first != line.origin) ++group;
    if (group == groups.end()) group = groups.emplace(group, line.origin, std::string());
    group->second += line.text;
  }
  std::string text;
  for (const auto& [origin, of_it] : groups) text.append("# ").append(origin).append("\n").append(of_it);
  return defaults.empty() ? text : text + "# default\n" + defaults;
}

std::vector<Line> statsd_lines(const Settings& settings) {
  const StatsdSettings& statsd = settings.statsd;
  std::vector<std::pair<std::string, std::string>> options{{
      {"log_statsd_host", one_line(statsd.host)},
      {"log_statsd_port", std::to_string(statsd.port)},
      {"log_statsd_default_sample_rate", python::float_text(statsd.default_sample_rate)},
      {"log_statsd_sample_rate_factor", python::float_text(statsd.sample_rate_factor)},
      {"log_statsd_metric_prefix", one_line(statsd.metric_prefix)},
      {"statsd_label_mode", std::string(label_mode_name(statsd.label_mode))},
      {"statsd_emit_legacy", statsd.emit_legacy ? "true" : "false"},
  }};
  for (const auto& [name, value] : statsd.user_labels) {
    options.emplace_back(std::string(kUserLabel) + name.substr(std::string_view("user_").size()), value);
  }
  std::vector<Line> lines;
  lines.reserve(options.size());
  for (const auto& [name, value] : options) {
    lines.push_back({origin_of(settings, name), std::string(name).append(" = ").append(value).append("\n")});
  }
  return lines;
}

}  // namespace

std::string effective_text(const Settings& settings) {
  Settings copy = settings;  // the fields of options are not those of a const
  const auto lines_of = [&](std::span<const Option> options) {
    std::vector<Line> lines;
    for (const Option& option : options) {
      const std::string name(option.name);
      lines.push_back({origin_of(settings, name), name + " = " + setting_text(option, copy) + "\n"});
    }
    return lines;
  };
  std::vector<Line> worker = lines_of(worker_options());
  worker.insert(worker.begin(), {origin_of(settings, "workers"),
                                 "workers = " + std::to_string(settings.pool.workers) + "\n"});
  std::vector<Line> server = lines_of(object_server_options());
  std::ranges::move(statsd_lines(settings), std::back_inserter(server));
  return "[worker]\n" + grouped(worker) + "\n[object-server]\n" + grouped(server);
}

}  // namespace ssync
