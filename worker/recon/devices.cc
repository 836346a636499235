#include "worker/recon/devices.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/layout/device.h"
#include "common/os/directory.h"
#include "common/os/errors.h"
#include "common/os/log.h"

namespace ssync {
namespace {

bool is_there(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0;
}

// Calls look(name, mounted) for each directory.
template <typename Look>
void for_each_device(const std::string& devices, const Look& look) {
  DiskSettings settings;
  settings.devices = devices;
  // recon asks for mount points whatever mount_check says.
  settings.mount_check = true;
  for (const std::string& name : list_directory(devices)) {
    if (is_directory(devices + "/" + name)) look(name, usable_device(settings, name).has_value());
  }
}

// Directories in a directory, without those that it has anyway.
std::int64_t quarantined_in(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) throw_os_error(path);
  return static_cast<std::int64_t>(status.st_nlink) - 2;
}

void add(Json& count, std::int64_t more) { count = count.get<std::int64_t>() + more; }

void count_quarantined(const std::string& directory, Json& counts) {
  for (const std::string& kind : list_directory(directory)) {
    const std::int64_t count = quarantined_in(directory + "/" + kind);
    if (count <= 0) continue;
    if (kind.starts_with("objects")) {
      const std::size_t dash = kind.find('-');
      const std::string policy = dash == std::string::npos ? "0" : kind.substr(dash + 1);
      Json& of_policy = counts["policies"];
      if (!of_policy.contains(policy)) of_policy[policy] = {{"objects", 0}};
      add(of_policy[policy]["objects"], count);
      add(counts["objects"], count);
    } else if (kind == "containers" || kind == "accounts") {
      add(counts[kind], count);
    }
  }
}

}  // namespace

Json device_names(const std::string& devices) {
  Json names = nullptr;
  try {
    names = list_directory(devices);
  } catch (const OsError& error) {
    log::error("Error listing devices: {}", error.what());
  }
  return {{devices, std::move(names)}};
}

Json unmounted_devices(const std::string& devices) {
  Json found = Json::array();
  for_each_device(devices, [&](const std::string& name, bool mounted) {
    if (!mounted) found.push_back({{"device", name}, {"mounted", false}});
  });
  return found;
}

Json disk_usage(const std::string& devices) {
  Json found = Json::array();
  for_each_device(devices, [&](const std::string& name, bool mounted) {
    Json usage = {{"device", name}, {"mounted", mounted}, {"size", ""}, {"used", ""}, {"avail", ""}};
    if (mounted) {
      const std::string path = devices + "/" + name;
      struct statvfs status {};
      if (::statvfs(path.c_str(), &status) != 0) throw_os_error(path);
      usage["size"] = status.f_bsize * status.f_blocks;
      usage["used"] = status.f_bsize * (status.f_blocks - status.f_bavail);
      usage["avail"] = status.f_bsize * status.f_bavail;
    }
    found.push_back(std::move(usage));
  });
  return found;
}

Json quarantined(const std::string& devices) {
  Json counts = {{"objects", 0}, {"containers", 0}, {"accounts", 0}, {"policies", Json::object()}};
  for (const std::string& name : list_directory(devices)) {
    const std::string directory = devices + "/" + name + "/quarantined";
    if (is_there(directory)) count_quarantined(directory, counts);
  }
  return counts;
}

}  // namespace ssync
