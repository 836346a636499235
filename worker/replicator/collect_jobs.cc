#include "worker/replicator/collect_jobs.h"

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "common/layout/device.h"
#include "common/layout/timestamp.h"
#include "common/os/directory.h"
#include "common/os/errors.h"
#include "common/os/log.h"
#include "common/python/errors.h"
#include "common/python/number.h"

namespace ssync {
namespace {

// swift.common.utils.unlink_older_than: what writers that were killed have left.
void remove_older_files(const std::string& directory, double than) {
  try {
    for (const std::string& name : list_directory_if_there(directory).value_or(std::vector<std::string>())) {
      const std::string path = fmt::format("{}/{}", directory, name);
      struct stat status {};
      if (::lstat(path.c_str(), &status) != 0 || S_ISDIR(status.st_mode)) continue;
      if (static_cast<double>(status.st_mtime) < than) static_cast<void>(::unlink(path.c_str()));
    }
  } catch (const OsError& error) {
    log::warning("cannot look for old temporary files: {}", error.what());
  }
}

// Python's int(); nullopt for what it refuses, and for negative numbers, which no partition has.
std::optional<std::uint64_t> partition_number(const std::string& name) {
  try {
    const std::int64_t number = python::parse_int(name, 10);
    if (number < 0) return std::nullopt;
    return static_cast<std::uint64_t>(number);
  } catch (const ValueError&) {
    return std::nullopt;
  }
}

bool is_auditors(const std::string& name) {
  return name.starts_with("auditor_status_") && name.ends_with(".json");
}

// As in Swift, two devices with one address and name, at different ports, are two failures.
void add_failure_of_all(const Ring& ring, PassStats& stats) {
  for (const auto& device : ring.devices()) {
    if (device) stats.add_failure({device->replication_ip, device->device});
  }
}

// The names in the objects directory, which is made if it is missing and is to be made; nullopt if that
// failed, which is logged.
std::optional<std::vector<std::string>> partition_names(const std::string& objects_path, bool only_look) {
  try {
    if (auto names = list_directory_if_there(objects_path)) return names;
    if (!only_look) make_directories(objects_path);
    return std::vector<std::string>();
  } catch (const OsError& error) {
    log::error("{}", error.what());
    return std::nullopt;
  }
}

}  // namespace

std::string ring_port_text(const ReplicatorSettings& settings) {
  return settings.ring_port() ? std::to_string(*settings.ring_port()) : "None";
}

bool is_local(const RingDevice& device, NodeAddresses& addresses, const ReplicatorSettings& settings) {
  const auto port = settings.ring_port();
  if (port && device.replication_port != *port) return false;
  return addresses.include(device.replication_ip);
}

std::optional<std::string> checked_device(const ReplicatorSettings& settings, const std::string& device) {
  auto path = usable_device(settings.disk, device);
  if (!path) {
    log::warning("{}/{} is not {}", settings.disk.devices, device,
                 settings.disk.mount_check ? "mounted" : "a directory");
  }
  return path;
}

void collect_jobs(const StoragePolicy& policy, const WatchedRing& ring_file,
                  const ReplicatorSettings& settings, const PassScope& scope, NodeAddresses& addresses,
                  LocalPartitions& found, DeviceStats& stats) {
  const std::shared_ptr<const Ring> ring = ring_file.get();
  // Every object has two names then, and would be copied under both.
  if (ring->next_part_power()) {
    log::warning("next_part_power set in policy '{}'. Skipping", policy.name);
    return;
  }
  bool found_local = false;
  for (const auto& own : ring->devices()) {
    if (!own || !is_local(*own, addresses, settings)) continue;
    if (scope.devices && !scope.devices->contains(own->device)) continue;
    found_local = true;
    PassStats& device_stats = stats[own->device];
    const auto device_path = checked_device(settings, own->device);
    if (!device_path) {
      add_failure_of_all(*ring, device_stats);
      continue;
    }
    if (!scope.only_look) {
      remove_older_files(*device_path + "/" + policy.tmp_dir(),
                         Timestamp::now().seconds() - static_cast<double>(settings.disk.reclaim_age));
    }
    const LocalDevice& device = found.devices.emplace_back(LocalDevice{.policy = &policy,
                                                                       .ring = ring,
                                                                       .ring_file = &ring_file,
                                                                       .id = own->id,
                                                                       .name = own->device,
                                                                       .path = *device_path,
                                                                       .region = own->region});
    const auto names = partition_names(*device_path + "/" + policy.objects_dir(), scope.only_look);
    if (!names) {
      add_failure_of_all(*ring, device_stats);
      continue;
    }
    for (const std::string& name : *names) {
      const auto number = partition_number(name);
      if (number && scope.partitions && !scope.partitions->contains(*number)) continue;
      if (is_auditors(name)) continue;
      if (number) {
        found.waiting.push_back(waiting_partition(device, name, *number));
      } else {
        add_failure_of_all(*ring, device_stats);
      }
    }
  }
  if (!found_local) {
    log::error(
        "Can't find itself in policy with index {} with ring_ip {} and port {} in ring file, not replicating",
        policy.index, settings.ring_ip, ring_port_text(settings));
  }
}

}  // namespace ssync
