// An object's hash in binary form, 16 bytes, to keep millions of them in memory.
#pragma once

#include <optional>
#include <string_view>

#include "common/os/md5.h"

namespace ssync {

using ObjectHash = Md5Digest;

// From 32 lower-case hex digits; nullopt for anything else.
std::optional<ObjectHash> parse_object_hash(std::string_view hex);

}  // namespace ssync
