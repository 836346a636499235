// Reads Swift's object-server.conf as swift-object-replicator does.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/config/replicator_settings.h"

namespace ssync {

// [object-replicator] over [DEFAULT] of a file, or of a directory's files *.conf
// (swift.common.utils.readconf, run_daemon, ObjectReplicator.__init__, BaseDiskFileManager.__init__).
// log_target, ssync_log_format, ssync_bandwidth_per_peer and ssync_bandwidth_per_device Swift does not know:
// a mistake in them is refused. log_target and ssync_log_format are log_target and log_format of worker.conf.
// What Swift would run with is taken in the same meaning; what has no effect here, or another than it says,
// gets a line in `notes`.
//
// Throws ConfigError (file, section, option, value, remedy) for what Swift's replicator dies of, for numbers
// and paths of several lines with which nothing could be replicated, for a handoff_delete below 0, with which
// Swift removes what it has not sent, and unless sync_method is ssync.
ReplicatorSettings load_replicator_settings(const std::string& path, std::vector<std::string>& notes);

// The recon_cache_path of a replicator with this configuration, be it otherwise right or wrong. nullopt if
// there is no [object-replicator], or none that can be read.
std::optional<std::string> replicators_recon_cache_path(const std::string& path);

}  // namespace ssync
