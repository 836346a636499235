// An object's hash as the sixteen bytes that it is, for whoever keeps a million of them.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace ssync {

using ObjectHash = std::array<unsigned char, 16>;

// From 32 lower-case hex digits; nullopt for anything else.
std::optional<ObjectHash> parse_object_hash(std::string_view hex);

// Writes 32 lower-case hex digits to `to`, and returns where they end.
char* write_hex(const ObjectHash& hash, char* to);
std::string to_hex(const ObjectHash& hash);

}  // namespace ssync
