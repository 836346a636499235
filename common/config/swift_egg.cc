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
bool is_app_factory(std::string_view value) {
  std::string text(value);
  std::erase_if(text, [](char c) { return c == ' ' || c == '\t' || c == '\n'; });
  return text == "swift.obj.server:app_factory";
}

// Names of distributions are compared without case.
bool is_swift(std::string_view distribution) { return python::lower_ascii(distribution) == "swift"; }

}  // namespace

bool is_swifts_object_server(std::string_view option, std::string_view value) {
  if (option == "paste.app_factory") return is_app_factory(value);
  if (starts_with_scheme(value, kCall)) return is_app_factory(value.substr(kCall.size()));
  if (!starts_with_scheme(value, kEgg)) return false;
  value.remove_prefix(kEgg.size());
  const std::size_t hash = value.find('#');
  return hash != std::string_view::npos && is_swift(value.substr(0, hash)) &&
         value.substr(hash + 1) == "object";
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
