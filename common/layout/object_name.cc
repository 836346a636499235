#include "common/layout/object_name.h"

#include <algorithm>

#include "common/config/swift_conf.h"
#include "common/layout/object_hash.h"
#include "common/os/md5.h"

namespace ssync {

std::optional<std::vector<std::string>> split_path(std::string_view path, std::size_t min_segments,
                                                   std::size_t max_segments, Rest rest) {
  if (path.empty() || path.front() != '/') return std::nullopt;
  path.remove_prefix(1);
  std::vector<std::string> segments;
  while (segments.size() + 1 < max_segments || rest == Rest::refuse) {
    const std::size_t slash = path.find('/');
    if (slash == std::string_view::npos) break;
    segments.emplace_back(path.substr(0, slash));
    path.remove_prefix(slash + 1);
    // One trailing slash after the last segment is allowed, but nothing after it.
    if (segments.size() == max_segments) {
      if (!path.empty()) return std::nullopt;
      break;
    }
  }
  if (segments.size() < max_segments) segments.emplace_back(path);
  if (segments.size() < min_segments) return std::nullopt;
  if (std::any_of(segments.begin(), segments.begin() + static_cast<std::ptrdiff_t>(min_segments),
                  [](const std::string& segment) { return segment.empty(); })) {
    return std::nullopt;
  }
  return segments;
}

std::optional<ObjectName> ObjectName::parse(std::string_view name) {
  auto segments = split_path(name, 3, 3, Rest::with_last);
  if (!segments) return std::nullopt;
  return ObjectName{std::move((*segments)[0]), std::move((*segments)[1]), std::move((*segments)[2])};
}

std::string ObjectName::path() const { return "/" + account + "/" + container + "/" + object; }

std::string hash_path(const SwiftConf& conf, const ObjectName& name) {
  return md5_hex(conf.hash_path_prefix + name.path() + conf.hash_path_suffix);
}

bool is_object_hash(std::string_view text) { return parse_object_hash(text).has_value(); }

}  // namespace ssync
