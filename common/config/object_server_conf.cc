#include "common/config/object_server_conf.h"

#include <algorithm>
#include <string_view>

#include "common/config/errors.h"
#include "common/python/text.h"

namespace ssync {

std::string without_effect_text(const IniOption& option) {
  return "[" + option.section + "] " + option.name + " = " + option.value + " (" + option.file + ")";
}

IniSection read_object_server_conf(const std::string& path, std::vector<std::string>& without_effect) {
  const IniFile file(path, IniDuplicates::refuse, "correct object_server_conf in [worker], or remove it");
  const std::string app = "app:object-server";
  if (std::ranges::find(file.sections(), app) == file.sections().end()) {
    throw ConfigError(path + ": missing section [" + app +
                      "]; set object_server_conf to Swift's object-server.conf");
  }
  const std::size_t slash = path.rfind('/');
  IniSection defaults = file.own_options("DEFAULT");
  defaults.insert_or_assign(
      "here", IniOption{path, "DEFAULT", "here", path.substr(0, std::max<std::size_t>(slash, 1))});
  defaults.insert_or_assign("__file__", IniOption{path, "DEFAULT", "__file__", path});
  IniSection scope = file.own_options(app);
  scope.insert(defaults.begin(), defaults.end());

  IniSection result = interpolate(defaults, IniInterpolation::lenient);
  IniSection plain;
  for (auto& [name, option] : interpolate(scope, IniInterpolation::lenient)) {
    if (option.section != app) continue;
    if (name.starts_with("set ")) {
      result.insert_or_assign(std::string(python::strip(std::string_view(name).substr(4))), option);
    } else if (defaults.contains(name)) {
      without_effect.push_back(without_effect_text(option));
    } else {
      plain.insert_or_assign(name, option);
    }
  }
  for (auto& [name, option] : plain) result.insert_or_assign(name, option);
  for (const char* pastes_own : {"here", "__file__", "use"}) result.erase(pastes_own);
  return result;
}

}  // namespace ssync
