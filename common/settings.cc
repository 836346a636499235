#include "common/settings.h"

#include <dirent.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "common/errors.h"
#include "common/ini_file.h"
#include "common/logging.h"
#include "common/python_text.h"

namespace ssync {
namespace {

constexpr std::int64_t kibi = 1024;
constexpr std::int64_t mebi = kibi * kibi;
constexpr std::int64_t max_chunk = 64 * mebi;
constexpr double max_seconds = 1e9;
constexpr int max_workers = 1024;
constexpr int idle_workers = 4;  // beside replication_concurrency: for REPLICATE and waits for locks
constexpr int min_default_workers = 8;

std::int64_t whole_number(const IniOption& option, std::int64_t minimum, std::int64_t maximum,
                          std::string_view example) {
  std::int64_t value = 0;
  try {
    value = python::parse_int(option.value, 10);
  } catch (const ValueError&) {
    throw bad_option(option, "not a whole number; give " + std::string(example));
  }
  if (value < minimum || value > maximum) {
    throw bad_option(option, "out of range " + std::to_string(minimum) + " to " + std::to_string(maximum) +
                                 "; give " + std::string(example));
  }
  return value;
}

int small_number(const IniOption& option, int minimum, int maximum, std::string_view example) {
  return static_cast<int>(whole_number(option, minimum, maximum, example));
}

double number(const IniOption& option, double minimum, double maximum, std::string_view example) {
  double value = 0;
  try {
    value = python::parse_float(option.value);
  } catch (const ValueError&) {
    throw bad_option(option, "not a number; give " + std::string(example));
  }
  if (!(value >= minimum && value <= maximum)) {
    throw bad_option(option, "out of range; give " + std::string(example));
  }
  return value;
}

// Swift takes every unknown word for false, and so a typo switches mount_check off; here only the
// known spellings pass.
bool truth(const IniOption& option) {
  static const std::set<std::string> falses = {"false", "0", "no", "off", "f", "n"};
  if (python::is_true(option.value)) {
    return true;
  }
  if (falses.contains(python::lower_ascii(option.value))) {
    return false;
  }
  throw bad_option(option, "neither true nor false; give true or false");
}

std::string absolute_path(const IniOption& option) {
  if (!option.value.starts_with('/')) {
    throw bad_option(option, "not an absolute path; give one that starts with '/'");
  }
  // A value that goes on in the next line has a newline in it.
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::ranges::any_of(option.value, is_control)) {
    throw bad_option(option, "a control character in a path; give the path in one line");
  }
  return option.value;
}

// swift.common.utils.config_fallocate_value.
FallocateReserve fallocate_reserve(const IniOption& option) {
  constexpr std::string_view example = "a percentage, e.g. 1%, or a number of bytes";
  if (!option.value.ends_with('%')) {
    const std::int64_t bytes = whole_number(option, 0, std::numeric_limits<std::int64_t>::max(), example);
    return {static_cast<double>(bytes), false};
  }
  try {
    const double percent = python::parse_float(option.value.substr(0, option.value.size() - 1));
    if (percent >= 0 && percent <= 100) {
      return {percent, true};
    }
  } catch (const ValueError&) {
    // Said below, as for a percentage out of range.
  }
  throw bad_option(option, "no percentage from 0% to 100%; give " + std::string(example));
}

// The set that ObjectController.__init__ makes of allowed_headers.
std::vector<std::string> allowed_headers(std::string_view csv) {
  static const std::set<std::string> reserved = {"content-length", "deleted", "etag"};
  std::vector<std::string> headers;
  while (!csv.empty()) {
    const std::size_t comma = std::min(csv.find(','), csv.size());
    std::string header = python::lower_ascii(python::strip(csv.substr(0, comma)));
    if (!header.empty() && !reserved.contains(header) &&
        std::ranges::find(headers, header) == headers.end()) {
      headers.push_back(std::move(header));
    }
    csv.remove_prefix(std::min(comma + 1, csv.size()));
  }
  return headers;
}

constexpr std::string_view default_allowed_headers =
    "content-disposition,content-encoding,x-delete-at,x-object-manifest,x-static-large-object,"
    "cache-control,content-language,expires,x-robots-tag";

using PoolOption = std::function<void(const IniOption&, PoolSettings&)>;
using ServerOption = std::function<void(const IniOption&, ObjectServerSettings&)>;

// [worker], but for `workers`, whose default depends on replication_concurrency.
const std::map<std::string_view, PoolOption>& pool_options() {
  static const std::map<std::string_view, PoolOption> table = {
      {"workers", [](const IniOption&, PoolSettings&) {}},
      {"socket",
       [](const IniOption& o, PoolSettings& s) { s.socket = o.value.empty() ? o.value : absolute_path(o); }},
      {"socket_mode",
       [](const IniOption& o, PoolSettings& s) {
         const char* end = o.value.data() + o.value.size();
         const auto parsed = std::from_chars(o.value.data(), end, s.socket_mode, 8);
         if (parsed.ec != std::errc() || parsed.ptr != end || s.socket_mode > 0777) {
           throw bad_option(o, "no octal file mode; give e.g. 0660");
         }
       }},
      {"socket_owner", [](const IniOption& o, PoolSettings& s) { s.socket_owner = o.value; }},
      {"socket_group", [](const IniOption& o, PoolSettings& s) { s.socket_group = o.value; }},
      {"backlog",
       [](const IniOption& o, PoolSettings& s) {
         s.backlog = small_number(o, 1, 65535, "a number of connections, e.g. 4096");
       }},
      {"durability",
       [](const IniOption& o, PoolSettings& s) {
         if (o.value != "group" && o.value != "each") {
           throw bad_option(o, "neither group nor each; give one of them");
         }
         s.durability = o.value == "group" ? CommitMode::group : CommitMode::each;
       }},
      {"swift_dir", [](const IniOption& o, PoolSettings& s) { s.swift_dir = absolute_path(o); }},
      {"object_server_conf",
       [](const IniOption& o, PoolSettings& s) {
         s.object_server_conf = o.value.empty() ? o.value : absolute_path(o);
       }},
      {"log_target",
       [](const IniOption& o, PoolSettings& s) {
         if (o.value != "stderr" && o.value != "syslog" && !o.value.starts_with('/')) {
           throw bad_option(o, "unknown target; give stderr, syslog or a file's absolute path");
         }
         s.log_target = o.value;
       }},
      {"pid_file", [](const IniOption& o,
                      PoolSettings& s) { s.pid_file = o.value.empty() ? o.value : absolute_path(o); }},
  };
  return table;
}

// Swift's options with a meaning here. swift_dir and replication_one_per_device bear on other
// options and are read apart.
const std::map<std::string_view, ServerOption>& server_options() {
  using Server = ObjectServerSettings;
  constexpr std::string_view seconds = "a number of seconds, e.g. ";
  static const std::map<std::string_view, ServerOption> table = {
      {"swift_dir", [](const IniOption& o, Server&) { absolute_path(o); }},
      {"replication_one_per_device", [](const IniOption& o, Server&) { truth(o); }},
      {"devices", [](const IniOption& o, Server& s) { s.devices = absolute_path(o); }},
      {"mount_check", [](const IniOption& o, Server& s) { s.mount_check = truth(o); }},
      {"disable_fallocate", [](const IniOption& o, Server& s) { s.disable_fallocate = truth(o); }},
      {"fallocate_reserve",
       [](const IniOption& o, Server& s) { s.fallocate_reserve = fallocate_reserve(o); }},
      {"client_timeout",
       [seconds](const IniOption& o, Server& s) {
         s.client_timeout = number(o, 0.001, max_seconds, std::string(seconds) + "60");
       }},
      {"network_chunk_size",
       [](const IniOption& o, Server& s) {
         s.network_chunk_size = whole_number(o, kibi, max_chunk, "a number of bytes, e.g. 65536");
       }},
      {"disk_chunk_size",
       [](const IniOption& o, Server& s) {
         s.disk_chunk_size = whole_number(o, kibi, max_chunk, "a number of bytes, e.g. 65536");
       }},
      {"keep_cache_size",
       [](const IniOption& o, Server& s) {
         s.keep_cache_size =
             whole_number(o, 0, std::numeric_limits<std::int64_t>::max(), "a number of bytes, e.g. 5242880");
       }},
      {"keep_cache_private", [](const IniOption& o, Server& s) { s.keep_cache_private = truth(o); }},
      {"mb_per_sync",
       [](const IniOption& o, Server& s) {
         s.bytes_per_sync = whole_number(o, 0, mebi, "a number of MiB, e.g. 512") * mebi;
       }},
      {"reclaim_age",
       [seconds](const IniOption& o, Server& s) {
         s.reclaim_age = whole_number(o, 0, std::int64_t{1} << 40, std::string(seconds) + "604800");
       }},
      {"commit_window",
       [seconds](const IniOption& o, Server& s) {
         s.commit_window = number(o, 0, max_seconds, std::string(seconds) + "60");
       }},
      {"max_upload_time",
       [seconds](const IniOption& o, Server& s) {
         s.max_upload_time =
             whole_number(o, 1, static_cast<std::int64_t>(max_seconds), std::string(seconds) + "86400");
       }},
      {"replication_server", [](const IniOption& o, Server& s) { s.replication_server = truth(o); }},
      {"replication_concurrency",
       [](const IniOption& o, Server& s) {
         if (!o.value.empty()) {
           s.replication_concurrency =
               small_number(o, 0, max_workers - 1, "a number of sessions, 0 for no limit");
         }
       }},
      {"replication_concurrency_per_device",
       [](const IniOption& o, Server& s) {
         s.replication_concurrency_per_device =
             small_number(o, 0, max_workers, "a number of sessions, 0 for no limit");
       }},
      {"replication_lock_timeout",
       [seconds](const IniOption& o, Server& s) {
         s.replication_lock_timeout = small_number(o, 0, 86400, std::string(seconds) + "15");
       }},
      {"replication_failure_threshold",
       [](const IniOption& o, Server& s) {
         if (!o.value.empty()) {
           s.replication_failure_threshold =
               small_number(o, 0, std::numeric_limits<int>::max(), "a number of failures, e.g. 100");
         }
       }},
      {"replication_failure_ratio",
       [](const IniOption& o, Server& s) {
         if (!o.value.empty()) {
           s.replication_failure_ratio = number(o, 0, 1e9, "a ratio of failures to successes, e.g. 1.0");
         }
       }},
      {"allowed_headers",
       [](const IniOption& o, Server& s) { s.allowed_headers = allowed_headers(o.value); }},
      {"log_requests", [](const IniOption& o, Server& s) { s.log_requests = truth(o); }},
      {"log_name", [](const IniOption& o, Server& s) { s.log_name = o.value; }},
      {"log_facility",
       [](const IniOption& o, Server& s) {
         if (!log_facility_named(o.value)) {
           throw bad_option(o, "unknown facility; give e.g. LOG_LOCAL0");
         }
         s.log_facility = o.value;
       }},
      {"log_level",
       [](const IniOption& o, Server& s) {
         if (!log_level_named(o.value)) {
           throw bad_option(o, "unknown level; give DEBUG, INFO, NOTICE, WARNING, ERROR or CRITICAL");
         }
         s.log_level = o.value;
       }},
      {"log_address", [](const IniOption& o, Server& s) { s.log_address = o.value; }},
      {"user", [](const IniOption& o, Server& s) { s.user = o.value; }},
  };
  return table;
}

// Options of Swift's [DEFAULT] and [app:object-server] (etc/object-server.conf-sample, and what
// server.py, diskfile.py, wsgi.py, logs.py and statsd_client.py read) that change nothing here.
bool is_swifts_without_effect(std::string_view name) {
  static const std::set<std::string_view> names = {
      "auto_create_account_prefix",
      "backlog",
      "bind_ip",
      "bind_port",
      "bind_timeout",
      "cert_file",
      "conn_timeout",
      "container_update_timeout",
      "cooperative_period",
      "etag_validate_pct",
      "eventlet_debug",
      "eventlet_tpool_num_threads",
      "expiring_objects_account_name",
      "expiring_objects_container_divisor",
      "ionice_class",
      "ionice_priority",
      "keep_cache_slo_manifest",
      "keep_idle",
      "keepalive_timeout",
      "key_file",
      "log_anonymization_method",
      "log_anonymization_salt",
      "log_custom_handlers",
      "log_format",
      "log_max_line_length",
      "log_statsd_default_sample_rate",
      "log_statsd_host",
      "log_statsd_metric_prefix",
      "log_statsd_port",
      "log_statsd_sample_rate_factor",
      "log_udp_host",
      "log_udp_port",
      "max_clients",
      "nice_priority",
      "node_timeout",
      "require_proxy_protocol",
      "ring_check_interval",
      "ring_ip",
      "servers_per_port",
      "slow",
      "slow_delete_log_threshold_seconds",
      "splice",
      "stale_worker_timeout",
      "statsd_emit_legacy",
      "statsd_label_mode",
      "workers",
  };
  return names.contains(name) || name.starts_with("statsd_user_label_");
}

std::string without_effect_text(const IniOption& option) {
  return "[" + option.section + "] " + option.name + " = " + option.value + " (" + option.file + ")";
}

// The configuration that PasteDeploy gives the object server: an option of [DEFAULT] beats a plain
// one of [app:object-server], where only `set name = value` overrides it.
IniSection read_object_server_conf(const std::string& path, std::vector<std::string>& without_effect) {
  const IniFile file(path, IniDuplicates::refuse, "correct object_server_conf in [worker], or remove it");
  const std::string app = "app:object-server";
  if (std::ranges::find(file.sections(), app) == file.sections().end()) {
    throw ConfigError(path + ": no section [" + app +
                      "]; name Swift's object-server.conf in object_server_conf");
  }
  const std::size_t slash = path.rfind('/');
  IniSection defaults = file.own_options("DEFAULT");
  defaults.insert_or_assign(
      "here", IniOption{path, "DEFAULT", "here", path.substr(0, std::max<std::size_t>(slash, 1))});
  defaults.insert_or_assign("__file__", IniOption{path, "DEFAULT", "__file__", path});
  IniSection scope = file.own_options(app);
  scope.insert(defaults.begin(), defaults.end());

  IniSection result = interpolate(defaults, IniInterpolation::lenient);
  IniSection plain;
  for (auto& [name, option] : interpolate(scope, IniInterpolation::lenient)) {
    if (option.section != app) {
      continue;
    }
    if (name.starts_with("set ")) {
      result.insert_or_assign(std::string(python::strip(std::string_view(name).substr(4))), option);
    } else if (defaults.contains(name)) {
      without_effect.push_back(without_effect_text(option));
    } else {
      plain.insert_or_assign(name, option);
    }
  }
  for (auto& [name, option] : plain) {
    result.insert_or_assign(name, option);
  }
  for (const char* pastes_own : {"here", "__file__", "use"}) {
    result.erase(pastes_own);
  }
  return result;
}

void check_sections(const IniFile& file) {
  const auto known = [](const std::string& name) { return name == "worker" || name == "object-server"; };
  for (const std::string& section : file.sections()) {
    if (!known(section)) {
      throw ConfigError(file.path() + ": [" + section +
                        "]: unknown section; use [worker] and [object-server]");
    }
  }
  if (const IniSection& defaults = file.own_options("DEFAULT"); !defaults.empty()) {
    throw bad_option(defaults.begin()->second, "there is no [DEFAULT] here; move it into [object-server]");
  }
}

void apply_server_options(const IniSection& options, Settings& settings) {
  for (const auto& [name, option] : options) {
    if (const auto known = server_options().find(name); known != server_options().end()) {
      known->second(option, settings.object_server);
    } else if (is_swifts_without_effect(name)) {
      settings.without_effect.push_back(without_effect_text(option));
    } else if (pool_options().contains(name)) {
      throw bad_option(option, "unknown option here; it belongs into [worker]");
    } else {
      throw bad_option(option, "unknown option; correct its name or remove it");
    }
  }
  // BaseDiskFileManager.__init__: the deprecated option counts only without its successor.
  const auto one_per_device = options.find("replication_one_per_device");
  if (one_per_device != options.end() && !options.contains("replication_concurrency_per_device")) {
    settings.object_server.replication_concurrency_per_device = truth(one_per_device->second) ? 1 : 0;
  }
}

int worker_count(const IniSection& worker, int replication_concurrency) {
  const auto option = worker.find("workers");
  if (option == worker.end() || option->second.value.empty() || option->second.value == "auto") {
    return std::max(min_default_workers, std::min(replication_concurrency + idle_workers, max_workers));
  }
  const int count = small_number(option->second, 1, max_workers, "a number of processes, or auto");
  if (replication_concurrency != 0 && count <= replication_concurrency) {
    throw bad_option(
        option->second,
        "not more than replication_concurrency (" + std::to_string(replication_concurrency) +
            "), so that no worker would be left to answer 503 and senders would wait unseen in the "
            "socket's backlog; give at least " +
            std::to_string(replication_concurrency + 1));
  }
  return count;
}

void check_devices(const IniSection& options, const std::string& devices, const std::string& path) {
  if (DIR* directory = opendir(devices.c_str()); directory != nullptr) {
    closedir(directory);
    return;
  }
  const std::string problem = std::string("cannot be read: ") + std::strerror(errno) +
                              "; give the directory that the devices are mounted in";
  const auto option = options.find("devices");
  throw bad_option(
      option == options.end() ? IniOption{path, "object-server", "devices", devices} : option->second,
      problem);
}

}  // namespace

Settings load_settings(const std::string& path) {
  const IniFile file(path, IniDuplicates::last_wins, "give the path of a worker.conf");
  check_sections(file);
  Settings settings;
  const IniSection& worker = file.own_options("worker");
  for (const auto& [name, option] : worker) {
    const auto known = pool_options().find(name);
    if (known == pool_options().end()) {
      throw bad_option(option, server_options().contains(name)
                                   ? "unknown option here; it belongs into [object-server]"
                                   : "unknown option; correct its name or remove it");
    }
    known->second(option, settings.pool);
  }

  IniSection server;
  if (!settings.pool.object_server_conf.empty()) {
    server = read_object_server_conf(settings.pool.object_server_conf, settings.without_effect);
  }
  for (const auto& [name, option] : file.own_options("object-server")) {
    server.insert_or_assign(name, option);
  }
  settings.object_server.allowed_headers = allowed_headers(default_allowed_headers);
  apply_server_options(server, settings);
  if (const auto swift_dir = server.find("swift_dir");
      swift_dir != server.end() && !worker.contains("swift_dir")) {
    settings.pool.swift_dir = swift_dir->second.value;
  }
  settings.pool.workers = worker_count(worker, settings.object_server.replication_concurrency);
  check_devices(server, settings.object_server.devices, path);
  return settings;
}

}  // namespace ssync
