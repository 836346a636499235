#include "worker/replicator/pass_recon.h"

#include <algorithm>
#include <limits>

namespace ssync {
namespace {

constexpr const char* kPerDisk = "object_replication_per_disk";

double number_in(const Json& values, const char* name) {
  const auto found = values.find(name);
  return found != values.end() && found->is_number() ? found->get<double>() : 0;
}

bool has_all(const Json& per_disk, const std::set<std::string>& devices) {
  return std::ranges::all_of(devices, [&](const std::string& device) { return per_disk.contains(device); });
}

Json sums_of(const Json& per_disk) {
  PassStats stats;
  PassEnd end{std::numeric_limits<double>::max(), std::numeric_limits<double>::max()};
  for (const auto& [device, values] : per_disk.items()) {
    if (!values.is_object()) continue;
    if (const auto found = values.find("replication_stats"); found != values.end()) {
      stats += stats_from_recon(*found);
    }
    end.time = std::min(end.time, number_in(values, "object_replication_last"));
    end.minutes = std::min(end.minutes, number_in(values, "object_replication_time"));
  }
  return pass_recon(stats, end);
}

}  // namespace

Json pass_recon(const PassStats& stats, const PassEnd& end) {
  return {{"replication_stats", to_recon(stats)},
          {"replication_time", end.minutes},
          {"replication_last", end.time},
          {"object_replication_time", end.minutes},
          {"object_replication_last", end.time}};
}

Json pass_recon_per_disk(const std::map<std::string, PassStats>& stats, const PassEnd& end) {
  Json per_disk = Json::object();
  for (const auto& [device, of_device] : stats) per_disk[device] = pass_recon(of_device, end);
  Json update = Json::object();
  update[kPerDisk] = std::move(per_disk);
  return update;
}

Json aggregated_recon(const Json& cache, const std::set<std::string>& local_devices) {
  const auto found = cache.is_object() ? cache.find(kPerDisk) : cache.end();
  const Json per_disk = found != cache.end() && found->is_object() ? *found : Json::object();
  Json update = Json::object();
  if (!per_disk.empty() && has_all(per_disk, local_devices)) update = sums_of(per_disk);
  for (const auto& [device, values] : per_disk.items()) {
    if (!local_devices.contains(device)) update[kPerDisk][device] = Json::object();
  }
  return update;
}

}  // namespace ssync
