#include "worker/recon/swift_version.h"

#include <glob.h>

#include <array>

namespace ssync {
namespace {

constexpr std::string_view kBegin = "/swift-";
constexpr std::array<std::string_view, 2> kEnds = {".egg-info", ".dist-info"};

// "2.30.1" of ".../swift-2.30.1.egg-info" and ".../swift-2.30.1-py3.11.egg-info".
std::string version_in(std::string_view path, std::string_view end) {
  path.remove_suffix(end.size());
  path.remove_prefix(path.rfind(kBegin) + kBegin.size());
  return std::string(path.substr(0, path.find("-py")));
}

std::optional<std::string> version_at(const std::string& pattern, std::string_view end) {
  glob_t found{};
  std::optional<std::string> version;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) version = version_in(found.gl_pathv[0], end);
  ::globfree(&found);
  return version;
}

}  // namespace

std::span<const std::string_view> python_package_directories() {
  static constexpr std::array<std::string_view, 6> kDirectories = {
      "/usr/local/lib/python3*/dist-packages",   "/usr/lib/python3/dist-packages",
      "/usr/local/lib/python3*/site-packages",   "/usr/lib/python3*/site-packages",
      "/usr/local/lib64/python3*/site-packages", "/usr/lib64/python3*/site-packages"};
  return kDirectories;
}

std::optional<std::string> installed_swift_version(std::span<const std::string_view> directories) {
  for (const std::string_view directory : directories) {
    for (const std::string_view end : kEnds) {
      const auto version =
          version_at(std::string(directory) + std::string(kBegin) + "[0-9]*" + std::string(end), end);
      if (version) return version;
    }
  }
  return std::nullopt;
}

}  // namespace ssync
