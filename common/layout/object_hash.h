// An object's hash in binary form, 16 bytes, to keep millions of them in memory.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/os/md5.h"

namespace ssync {

using ObjectHash = Md5Digest;

// From 32 lower-case hex digits; nullopt for anything else.
std::optional<ObjectHash> parse_object_hash(std::string_view hex);

// Appends the 32 digits.
void append_object_hash(const ObjectHash& hash, std::string& text);

}  // namespace ssync
