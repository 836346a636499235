// The suffix hashes of a partition as another node reports them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/python/pickle.h"
#include "worker/replicator/peer_requests.h"
#include "worker/replicator/replication_job.h"

namespace ssync {

// Hex digits; nullopt for a suffix that could not be hashed (None).
using SuffixHashes = std::map<std::string, std::optional<std::string>>;

// Of a dictionary of a replication policy, as in hashes.pkl. Throws ValueError for anything else.
SuffixHashes suffix_hashes_of(const pickle::Dict& hashes);

// The body of an answer to REPLICATE. Throws ValueError for what is no such dictionary; nothing in it is ever
// called or imported.
SuffixHashes parse_remote_hashes(std::string_view body);

// What this node says of a partition (REPLICATE). nullopt, with Swift's line in the log, if it answers
// another status. Throws as PeerRequests::ask() and parse_remote_hashes().
std::optional<SuffixHashes> ask_suffix_hashes(const RingDevice& node, const ReplicationJob& job,
                                              PeerRequests& peers);

// The suffixes of ours that they have not, or with another hash.
std::vector<std::string> differing_suffixes(const SuffixHashes& ours, const SuffixHashes& theirs);

}  // namespace ssync
