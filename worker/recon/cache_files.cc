#include "worker/recon/cache_files.h"

#include <cerrno>
#include <exception>
#include <stdexcept>

#include "common/os/errors.h"
#include "common/os/log.h"
#include "worker/recon/regular_file.h"

namespace ssync {
namespace {

// What the file has, or an empty object.
Json cached(const std::string& path, MissingCache missing) {
  std::string content;
  try {
    content = read_regular_file(path);
  } catch (const OsError& error) {
    if (error.code() != ENOENT || missing == MissingCache::is_logged) {
      log::error("Error reading recon cache file: {}", error.what());
    }
    return Json::object();
  } catch (const std::exception& error) {
    log::error("Error reading recon cache file: {}", error.what());
    return Json::object();
  }
  try {
    Json values = parse_json(content);
    if (!values.is_object()) throw std::runtime_error("not a JSON object");
    return values;
  } catch (const std::exception& error) {
    log::error("Error parsing recon cache file: {}: {}", path, error.what());
    return Json::object();
  }
}

}  // namespace

Json cached_values(const std::string& path, std::span<const std::string_view> keys, MissingCache missing) {
  const Json values = cached(path, missing);
  Json found = Json::object();
  for (const std::string_view key : keys) {
    const std::string name(key);
    const auto value = values.find(name);
    found[name] = value == values.end() ? Json(nullptr) : *value;
  }
  return found;
}

}  // namespace ssync
