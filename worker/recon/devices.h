// The devices of a node, as recon reports them.
#pragma once

#include <string>

#include "worker/recon/python_json.h"

namespace ssync {

// All take the directory in which the devices are mounted. Names are in the directory's own order. Except
// device_names(), they look at each device, may wait for one that hangs, and throw OsError for what cannot be
// looked at. ReconMiddleware.get_device_info, get_unmounted, get_diskusage and get_quarantine_count.

// {"/srv/node": ["sda1", …]}, with null and a line in the log if it cannot be read.
Json device_names(const std::string& devices);
// [{"device": "sdb1", "mounted": false}, …]: directories that are not mounted.
Json unmounted_devices(const std::string& devices);
// [{"device": "sda1", "mounted": true, "size": …, "used": …, "avail": …}, …] in bytes; "" if not mounted.
Json disk_usage(const std::string& devices);
// Quarantined objects, containers and accounts, and objects by policy. Directories in quarantined/ that are
// none of Swift's do not count.
Json quarantined(const std::string& devices);

}  // namespace ssync
