// MD5s of the files that all nodes of a cluster have in common.
#pragma once

#include <string>

#include "common/config/storage_policy.h"
#include "worker/recon/python_json.h"

namespace ssync {

// {"/etc/swift/object.ring.gz": "d41d8…", …} of those rings of accounts, containers and policies that are
// there; null for one that cannot be read, with a line in the log (ReconMiddleware.get_ring_md5).
Json ring_checksums(const std::string& swift_dir, const StoragePolicies& policies);

// {"/etc/swift/swift.conf": "d41d8…"}, likewise (get_swift_conf_md5).
Json swift_conf_checksum(const std::string& swift_dir);

}  // namespace ssync
