// The suffix hashes of a partition as another node reports them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/python/pickle.h"

namespace ssync {

// Hex digits; nullopt for a suffix that could not be hashed (None).
using SuffixHashes = std::map<std::string, std::optional<std::string>>;

// Of a dictionary of a replication policy, as in hashes.pkl. Throws ValueError for anything else.
SuffixHashes suffix_hashes_of(const pickle::Dict& hashes);

// The body of an answer to REPLICATE. Throws ValueError for what is no such dictionary; nothing in it is ever
// called or imported.
SuffixHashes parse_remote_hashes(std::string_view body);

}  // namespace ssync
