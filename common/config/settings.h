// The settings in worker.conf, with object-server.conf as defaults: Swift's option names, meanings and
// defaults.
#pragma once

#include <string>
#include <vector>

#include "common/config/disk_settings.h"
#include "common/config/log_settings.h"
#include "common/config/middleware_settings.h"
#include "common/config/pool_settings.h"
#include "common/config/receiver_settings.h"

namespace ssync {

struct Settings {
  DiskSettings disk;
  ReceiverSettings receiver;
  LogSettings log;
  PoolSettings pool;
  MiddlewareSettings middleware;
  std::string swift_dir = "/etc/swift";
  std::string object_server_conf;  // empty: none
  std::string swift_version;       // what recon answers; empty: that of the Swift that is installed
  // What has no effect here, or another than it says: "[section] option = value (file)[: how it is taken]".
  std::vector<std::string> without_effect;
};

// Reads worker.conf at path, with the file or directory named by object_server_conf as defaults. Throws
// ConfigError for an unreadable file, an unknown option in worker.conf, a malformed or out-of-range value, an
// unreadable devices directory, or a pool that is not larger than replication_concurrency; the message has
// file, section, option, value and remedy.
Settings load_settings(const std::string& path);

// All settings as the text of a worker.conf that has them, an option a line: what --check prints.
std::string effective_text(Settings settings);

// For a reload: resets the options that need a restart to their running values, and returns the names of
// those that had been changed.
std::vector<std::string> keep_until_restart(const Settings& running, Settings& reloaded);

}  // namespace ssync
