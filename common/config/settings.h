// The settings in worker.conf, with object-server.conf as defaults: Swift's option names, meanings and
// defaults.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/config/disk_settings.h"
#include "common/config/ini_file.h"
#include "common/config/log_settings.h"
#include "common/config/middleware_settings.h"
#include "common/config/pool_settings.h"
#include "common/config/receiver_settings.h"
#include "common/config/statsd_settings.h"

namespace ssync {

// Where a setting's value stands.
struct SettingOrigin {
  std::string file;
  std::string section;  // empty: file is the command line's option
  // How it is taken, if otherwise than it stands there.
  std::optional<std::string> note = std::nullopt;
  // What stands there is empty or unknown, and the setting has its default.
  bool is_default = false;
};

// The files to read. Without a worker.conf [worker] has its defaults. An object_server_conf here is read in
// place of the one that worker.conf names.
struct ConfigurationFiles {
  std::optional<std::string> worker_conf;
  std::optional<std::string> object_server_conf;
};

struct Settings {
  DiskSettings disk;
  ReceiverSettings receiver;
  LogSettings log;
  PoolSettings pool;
  MiddlewareSettings middleware;
  StatsdSettings statsd;
  std::string swift_dir = "/etc/swift";
  std::string object_server_conf;            // empty: none
  std::string replicators_recon_cache_path;  // of an ssync-replicator that has object_server_conf too
  std::string swift_version;                 // what recon answers; empty: that of the Swift that is installed
  // What has no effect here, or another than it says: "[section] option = value (file)[: how it is taken]".
  std::vector<std::string> without_effect;
  // By the names of options; those that are not here have their defaults.
  std::map<std::string, SettingOrigin> origins;
  // Names of the filters in Swift's pipeline that have no effect here.
  std::vector<std::string> filters;
  // By which Swift's daemons find their devices in rings: ring_ip, else bind_ip, as it stands in the files.
  std::optional<IniOption> ring_ip;
};

// Reads worker.conf, with the file or directory named by object_server_conf as defaults. Throws
// ConfigError for an unreadable file, an unknown option in worker.conf, a malformed or out-of-range value, an
// unreadable devices directory, or a pool that is not larger than replication_concurrency; the message has
// file, section, option, value and remedy.
Settings load_settings(const ConfigurationFiles& files);
// The same for a worker.conf.
Settings load_settings(const std::string& worker_conf);

// For a reload: resets the options that need a restart to their running values, and returns the names of
// those that had been changed.
std::vector<std::string> keep_until_restart(const Settings& running, Settings& reloaded);

}  // namespace ssync
