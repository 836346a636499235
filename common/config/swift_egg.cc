#include "common/config/swift_egg.h"

#include <algorithm>
#include <string>

#include "common/python/text.h"

namespace ssync {
namespace {

constexpr std::string_view kEgg = "egg:";
constexpr std::string_view kCall = "call:";

bool starts_with_scheme(std::string_view value, std::string_view scheme) {
  return python::lower_ascii(value.substr(0, scheme.size())) == scheme;
}

// importlib.metadata.EntryPoint: white space may stand around the colon.
bool is_entry_point(std::string_view value, std::string_view entry_point) {
  std::string text(value);
  std::erase_if(text, [](char c) { return c == ' ' || c == '\t' || c == '\n'; });
  return text == entry_point;
}

// Names of distributions are compared without case.
bool is_swift(std::string_view distribution) { return python::lower_ascii(distribution) == "swift"; }

// True if the option or the value names an entry point of Swift's, by its name in the egg or as the function.
bool is_swifts(std::string_view option, std::string_view value, std::string_view function_option,
               std::string_view function, std::string_view name) {
  if (option == function_option) return is_entry_point(value, function);
  if (starts_with_scheme(value, kCall)) return is_entry_point(value.substr(kCall.size()), function);
  if (!starts_with_scheme(value, kEgg)) return false;
  value.remove_prefix(kEgg.size());
  const std::size_t hash = value.find('#');
  return hash != std::string_view::npos && is_swift(value.substr(0, hash)) && value.substr(hash + 1) == name;
}

}  // namespace

bool is_swifts_object_server(std::string_view option, std::string_view value) {
  return is_swifts(option, value, "paste.app_factory", "swift.obj.server:app_factory", "object");
}

bool is_swifts_filter(std::string_view option, std::string_view value, std::string_view name) {
  const std::string function = "swift.common.middleware." + std::string(name) + ":filter_factory";
  return is_swifts(option, value, "paste.filter_factory", function, name);
}

bool is_swifts_diskfile_module(std::string_view value, PolicyType type) {
  const std::string_view name = type == PolicyType::erasure_coding ? "erasure_coding.fs" : "replication.fs";
  const std::size_t hash = value.find('#');
  if (hash == std::string_view::npos) return value == name;
  if (starts_with_scheme(value, kEgg)) {
    return is_swift(value.substr(kEgg.size(), hash - kEgg.size())) && value.substr(hash + 1) == name;
  }
  return is_swift(value.substr(0, hash)) && value.substr(hash + 1) == name;
}

}  // namespace ssync
