// Prints what a replicator would run with: for each path of a configuration on standard input a line of JSON.
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/config/errors.h"
#include "common/config/replicator_conf.h"
#include "common/python/number.h"

namespace {

using Json = nlohmann::json;

// Class and priority as they are set.
Json ionice_json(const ssync::ProcessPriority& priority) {
  if (priority.io_class == ssync::IoClass::unchanged || !priority.io_priority) return {"", 0};
  return {ssync::io_class_name(priority.io_class), *priority.io_priority};
}

Json disk_json(const ssync::DiskSettings& disk) {
  return {{"devices", disk.devices},
          {"mount_check", disk.mount_check},
          {"disable_fallocate", disk.disable_fallocate},
          {"fallocate_reserve", {disk.fallocate_reserve.amount, disk.fallocate_reserve.is_percent}},
          {"disk_chunk_size", disk.disk_chunk_size},
          {"keep_cache_size", disk.keep_cache_size},
          {"mb_per_sync", disk.bytes_per_sync >> 20},
          {"reclaim_age", disk.reclaim_age},
          {"commit_window", disk.commit_window}};
}

Json statsd_json(const ssync::ReplicatorSettings& settings) {
  const ssync::StatsdSettings& statsd = settings.statsd;
  if (statsd.host.empty()) return {};
  const auto text = [](double rate) { return ssync::python::float_text(rate); };
  return {statsd.host, statsd.port, text(statsd.default_sample_rate), text(statsd.sample_rate_factor),
          statsd.metric_prefix};
}

Json settings_json(const ssync::ReplicatorSettings& settings) {
  Json json = disk_json(settings.disk);
  json.update({{"swift_dir", settings.swift_dir},
               {"user", settings.user},
               {"log_name", settings.log.name},
               {"log_facility", settings.log.facility},
               {"log_level", settings.log.level},
               {"ring_ip", settings.ring_ip},
               {"ring_port", settings.ring_port() ? Json(*settings.ring_port()) : Json()},
               {"concurrency", settings.concurrency},
               {"replicator_workers", settings.replicator_workers},
               {"daemonize", settings.daemonize},
               {"interval", settings.interval},
               {"stats_interval", settings.stats_interval},
               {"ring_check_interval", settings.ring_check_interval},
               {"http_timeout", settings.http_timeout},
               {"node_timeout", settings.node_timeout},
               {"conn_timeout", settings.conn_timeout},
               {"network_chunk_size", settings.network_chunk_size},
               {"handoffs_first", settings.handoffs_first},
               {"handoff_delete", settings.handoff_delete},
               {"recon_cache_path", settings.recon_cache_path},
               {"nice_priority", settings.priority.nice ? Json(*settings.priority.nice) : Json()},
               {"ionice", ionice_json(settings.priority)},
               {"statsd", statsd_json(settings)},
               {"warnings", settings.warnings}});
  return json;
}

Json answer(const std::string& path) {
  try {
    std::vector<std::string> notes;
    Json json = settings_json(ssync::load_replicator_settings(path, notes));
    json["notes"] = notes;
    return json;
  } catch (const ssync::ConfigError& error) {
    return {{"refused", error.what()}};
  }
}

}  // namespace

int main() {
  for (std::string path; std::getline(std::cin, path);) {
    std::puts(answer(path).dump(-1, ' ', true, Json::error_handler_t::replace).c_str());
  }
}
