#include "worker/recon/recon_checks.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "common/os/errors.h"
#include "worker/recon/cache_files.h"
#include "worker/recon/checksums.h"
#include "worker/recon/devices.h"
#include "worker/recon/machine.h"
#include "worker/recon/regular_file.h"
#include "worker/recon/swift_version.h"

namespace ssync {
namespace {

// Which types a check is asked with: it does not matter, or one of these names, or none.
constexpr std::string_view kAnyType = "*";
constexpr std::string_view kNoType = "";

// A check whose content is in a daemon's cache file.
struct CachedCheck {
  std::string_view check;
  std::string_view type;
  std::string_view file;
  std::vector<std::string_view> keys;
  MissingCache missing = MissingCache::is_logged;
};

const std::vector<CachedCheck>& cached_checks() {
  static const std::vector<std::string_view> object_replication = {
      "replication_time", "replication_stats", "replication_last", "object_replication_time",
      "object_replication_last"};
  static const std::vector<std::string_view> replication = {"replication_time", "replication_stats",
                                                            "replication_last"};
  static const std::vector<CachedCheck> checks = {
      {"async", kAnyType, "object.recon", {"async_pending", "async_pending_last"}},
      {"replication", "account", "account.recon", replication},
      {"replication", "container", "container.recon", replication},
      {"replication", "object", "object.recon", object_replication},
      {"replication", kNoType, "object.recon", object_replication},
      {"updater", "container", "container.recon", {"container_updater_sweep"}},
      {"updater", "object", "object.recon", {"object_updater_sweep"}},
      {"auditor",
       "account",
       "account.recon",
       {"account_audits_passed", "account_auditor_pass_completed", "account_audits_since",
        "account_audits_failed"}},
      {"auditor",
       "container",
       "container.recon",
       {"container_audits_passed", "container_auditor_pass_completed", "container_audits_since",
        "container_audits_failed"}},
      {"auditor", "object", "object.recon", {"object_auditor_stats_ALL", "object_auditor_stats_ZBF"}},
      {"expirer", "object", "object.recon", {"object_expiration_pass", "expired_last_pass"}},
      {"driveaudit", kAnyType, "drive.recon", {"drive_audit_errors"}},
      {"sharding", kAnyType, "container.recon", {"sharding_stats", "sharding_time", "sharding_last"}},
      {"relinker", kAnyType, "relinker.recon", {"devices", "workers"}, MissingCache::is_usual},
      {"reconstruction",
       "object",
       "object.recon",
       {"object_reconstruction_last", "object_reconstruction_time"}},
  };
  return checks;
}

bool is_asked(const CachedCheck& cached, std::string_view check, std::optional<std::string_view> type) {
  if (cached.check != check) return false;
  if (cached.type == kAnyType) return true;
  return cached.type == kNoType ? !type : type == cached.type;
}

// A file of /proc/net that may not be there: without IPv6 there is no sockstat6.
std::string read_if_there(const std::string& path) {
  try {
    return read_regular_file(path);
  } catch (const OsError& error) {
    if (error.code() == ENOENT) return "";
    throw;
  }
}

Json swift_version(const Configuration& configuration) {
  if (!configuration.settings.swift_version.empty()) return configuration.settings.swift_version;
  const auto version = installed_swift_version(python_package_directories());
  return version ? Json(*version) : Json(nullptr);
}

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

const ReconSettings& recon(const Configuration& configuration) {
  return configuration.settings.middleware.recon;
}

struct OwnCheck {
  std::string_view check;
  Json (*content)(const Configuration&);
};

constexpr std::array kOwnChecks{
    OwnCheck{"mem", [](const Configuration&) { return memory(read_regular_file("/proc/meminfo")); }},
    OwnCheck{"load", [](const Configuration&) { return load_average(read_regular_file("/proc/loadavg")); }},
    OwnCheck{"devices", [](const Configuration& node) { return device_names(recon(node).devices); }},
    OwnCheck{"mounted", [](const Configuration&) { return mounts(read_regular_file("/proc/mounts")); }},
    OwnCheck{"unmounted", [](const Configuration& node) { return unmounted_devices(recon(node).devices); }},
    OwnCheck{"diskusage", [](const Configuration& node) { return disk_usage(recon(node).devices); }},
    OwnCheck{
        "ringmd5",
        [](const Configuration& node) { return ring_checksums(recon(node).swift_dir, node.swift.policies); }},
    OwnCheck{"swiftconfmd5",
             [](const Configuration& node) { return swift_conf_checksum(node.settings.swift_dir); }},
    OwnCheck{"quarantined", [](const Configuration& node) { return quarantined(recon(node).devices); }},
    OwnCheck{"sockstat",
             [](const Configuration&) {
               return sockets(read_if_there("/proc/net/sockstat"), read_if_there("/proc/net/sockstat6"));
             }},
    OwnCheck{"version",
             [](const Configuration& node) {
               return Json{{"version", swift_version(node)}};
             }},
    OwnCheck{"time", [](const Configuration&) { return Json(now()); }},
};

}  // namespace

std::optional<Json> recon_content(std::string_view check, std::optional<std::string_view> type,
                                  const Configuration& configuration) {
  if (const auto* own = std::ranges::find(kOwnChecks, check, &OwnCheck::check); own != kOwnChecks.end()) {
    return own->content(configuration);
  }
  for (const CachedCheck& cached : cached_checks()) {
    if (!is_asked(cached, check, type)) continue;
    const std::string path = recon(configuration).cache_path + "/" + std::string(cached.file);
    return cached_values(path, cached.keys, cached.missing);
  }
  return std::nullopt;
}

}  // namespace ssync
