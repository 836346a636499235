#include "worker/object/fragment_preferences.h"

#include <nlohmann/json.hpp>
#include <string>

#include "common/python/errors.h"

namespace ssync {
namespace {

using nlohmann::json;

const json& member(const json& object, const char* name) {
  if (!object.is_object() || !object.contains(name)) {
    throw ValueError(std::string("Bad frag_prefs: no ") + name);
  }
  return object.at(name);
}

// A string or number, as printed by Python's str().
std::string text_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number()) return value.dump();
  throw ValueError("Bad frag_prefs: not a string or number");
}

FragmentPreference parse_preference(const json& value) {
  FragmentPreference preference;
  preference.timestamp = Timestamp::parse(text_of(member(value, "timestamp")));
  const json& exclude = member(value, "exclude");
  if (!exclude.is_array()) throw ValueError("Bad frag_prefs: exclude is not a list");
  for (const json& index : exclude) preference.exclude.push_back(parse_fragment_index(text_of(index)));
  return preference;
}

}  // namespace

std::optional<std::vector<FragmentPreference>> parse_fragment_preferences(std::string_view header) {
  constexpr bool kNoExceptions = false;
  const json value = json::parse(header, nullptr, kNoExceptions);
  if (value.is_discarded() || value.is_null()) return std::nullopt;
  if (!value.is_array() && !value.empty()) throw ValueError("Bad frag_prefs: not a list");
  std::vector<FragmentPreference> preferences;
  for (const json& item : value) preferences.push_back(parse_preference(item));
  return preferences;
}

}  // namespace ssync
