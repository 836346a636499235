// The cache file of recon, which all of Swift's object daemons write into, each its own keys.
#pragma once

#include <string>

#include "worker/recon/python_json.h"

namespace ssync {

// What the file has; an empty object if it is not there or makes no sense (load_recon_cache), and, with a
// line in the log, if it cannot be read.
Json load_recon_cache(const std::string& path);

// Puts the keys of `update`, an object, into the file (swift.common.utils.dump_recon_cache): a value replaces
// the one before; an object's values replace those of their names in the one before; an empty object removes
// its key. The file is locked meanwhile as Swift locks it, for which at most `lock_seconds` are waited, and
// replaced by a rename, so that whoever reads has the old one or the new one. A file that makes no sense, or
// is larger than 64 MiB, is replaced. What fails is logged, in Swift's words, and leaves the file as it was.
//
// Its owner is this process's. If that is root, the file keeps its owner, and a new one has its directory's:
// others have to be able to write into it.
void dump_recon_cache(const Json& update, const std::string& path, double lock_seconds = 2);

}  // namespace ssync
