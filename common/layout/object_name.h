// The name of an object in metadata and on the wire, and its hash.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ssync {

struct SwiftConf;

// Splits "/a/b/c" into its segments as swift.common.utils.split_path(path, minsegs, maxsegs,
// rest_with_last) does: between min and max segments, none empty; with rest_with_last the last one
// takes the remaining slashes. nullopt where Swift raises ValueError.
enum class Rest { refuse, with_last };
std::optional<std::vector<std::string>> split_path(std::string_view path, std::size_t min_segments,
                                                   std::size_t max_segments, Rest rest);

// "/account/container/object", UTF-8, as in metadata `name`.
struct ObjectName {
  std::string account;
  std::string container;
  std::string object;

  // From metadata `name`; nullopt if it is not three segments.
  static std::optional<ObjectName> parse(std::string_view name);
  [[nodiscard]] std::string path() const;
};

// md5(prefix + "/account/container/object" + suffix), 32 hex digits (swift.common.utils.hash_path).
std::string hash_path(const SwiftConf& conf, const ObjectName& name);

// True for 32 lower-case hex digits.
bool is_object_hash(std::string_view text);

}  // namespace ssync
