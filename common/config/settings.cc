#include "common/config/settings.h"

#include <dirent.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <span>
#include <string_view>
#include <utility>
#include <variant>

#include "common/config/backend_ratelimit_conf.h"
#include "common/config/errors.h"
#include "common/config/ini_file.h"
#include "common/config/log_setup.h"
#include "common/config/object_server_conf.h"
#include "common/config/option.h"
#include "common/config/option_table.h"
#include "common/config/paste_deploy.h"
#include "common/config/replicator_conf.h"
#include "common/config/statsd_conf.h"
#include "common/python/text.h"

namespace ssync {
namespace {

// Workers beside replication_concurrency: for GET, HEAD, REPLICATE and sessions that wait; of a small pool
// one more for each session.
constexpr int kBesideSessions = 4;
constexpr int kMostBesideSessions = 12;
constexpr int kMinDefaultWorkers = 8;

// Names are case-sensitive in both files, as PasteDeploy's are: 'Workers' is an unknown option.
constexpr IniRules kRules{IniDuplicates::last_wins, IniNames::as_written, IniWhiteSpace::unicode};

constexpr std::string_view kOnePerDevice = "replication_one_per_device";
constexpr std::string_view kDefaultAllowedHeaders =
    "content-disposition,content-encoding,x-delete-at,x-object-manifest,x-static-large-object,"
    "cache-control,content-language,expires,x-robots-tag";

void check_sections(const IniFile& file) {
  const auto known = [](const std::string& name) { return name == "worker" || name == "object-server"; };
  for (const std::string& section : file.sections()) {
    if (!known(section)) {
      throw ConfigError(file.path() + ": [" + section +
                        "]: unknown section; use [worker] and [object-server]");
    }
  }
  if (const IniSection& defaults = file.own_options("DEFAULT"); !defaults.empty()) {
    throw bad_option(defaults.begin()->second,
                     "[DEFAULT] is not supported here; move the option to [object-server]");
  }
}

ConfigError unknown_option(const IniOption& written) {
  const bool has_upper_case = python::lower_ascii(written.name) != written.name;
  return bad_option(written, has_upper_case ? "unknown option; names of options are in lower case"
                                            : "unknown option; correct its name or remove it");
}

// `name` is that of the option in effect: in the file it may be that of a `set`.
void note_origin(const std::string& name, const IniOption& written, const Taken& taken, Settings& settings) {
  settings.origins.insert_or_assign(
      name, SettingOrigin{written.file, written.section, taken.note, taken.is_default});
}

void apply_worker_options(const IniSection& options, Settings& settings) {
  for (const auto& [name, written] : options) {
    if (name == "workers") continue;
    if (const Option* option = find_option(worker_options(), name); option != nullptr) {
      note_origin(name, written, read_option(*option, written, Owner::us, settings), settings);
    } else if (name == kOnePerDevice || find_option(object_server_options(), name) != nullptr) {
      throw bad_option(written, "unknown option in this section; move it to [object-server]");
    } else {
      throw unknown_option(written);
    }
  }
}

std::vector<std::string> user_labels_in(const IniSection& options) {
  std::vector<std::string> names;
  for (const auto& option : options) {
    if (option.first.starts_with(kUserLabel)) names.push_back(option.first);
  }
  return names;
}

// The names of those that have an effect.
std::set<std::string> apply_statsd_options(const IniSection& options,
                                           const std::optional<std::string>& own_file, Settings& settings) {
  std::set<std::string> taken;
  settings.statsd =
      read_statsd_settings({.take = [&](std::string_view name) -> const IniOption* {
                              const auto found = options.find(std::string(name));
                              if (found == options.end()) return nullptr;
                              taken.insert(found->first);
                              note_origin(found->first, found->second, {}, settings);
                              return &found->second;
                            },
                            .note =
                                [&](const IniOption& written, const std::string& how) {
                                  settings.without_effect.push_back(option_text(written) + ": " + how);
                                },
                            .is_ours = [&](const IniOption& written) { return written.file == own_file; },
                            .user_labels = user_labels_in(options)});
  return taken;
}

// own_file is worker.conf: what comes from another file is Swift's.
void apply_server_options(const IniSection& options, const std::optional<std::string>& own_file,
                          Settings& settings) {
  const std::set<std::string> taken_for_statsd = apply_statsd_options(options, own_file, settings);
  for (const auto& [name, written] : options) {
    if (taken_for_statsd.contains(name)) continue;
    const Owner owner = written.file == own_file ? Owner::us : Owner::swift;
    if (name == kOnePerDevice) {
      const bool one = owner == Owner::swift ? python::is_true(written.value) : read_truth(written);
      // BaseDiskFileManager.__init__: the deprecated option applies only if its successor is not set.
      if (!options.contains("replication_concurrency_per_device")) {
        settings.receiver.replication_concurrency_per_device = one ? 1 : 0;
        settings.origins.insert_or_assign(
            "replication_concurrency_per_device",
            SettingOrigin{written.file, written.section, "by replication_one_per_device"});
      }
    } else if (const Option* option = find_option(object_server_options(), name); option != nullptr) {
      const Taken taken = read_option(*option, written, owner, settings);
      if (taken.note) settings.without_effect.push_back(option_text(written) + ": " + *taken.note);
      if (!written.section.empty()) note_origin(name, written, taken, settings);
    } else if (owner == Owner::us && name == "log_format" && log_format_named(written.value)) {
      // Swift has an option of that name as well, of another meaning and without effect here.
      throw bad_option(written, "this is an option of [worker]; move it there");
    } else if (owner == Owner::swift || is_swift_option_without_effect(name)) {
      // A dozen daemons and tools read Swift's file, and operators add names of their own.
      settings.without_effect.push_back(option_text(written));
    } else if (find_option(worker_options(), name) != nullptr) {
      throw bad_option(written, "unknown option in this section; move it to [worker]");
    } else {
      throw unknown_option(written);
    }
  }
}

// What worker.conf says of the node holds for its middlewares as well.
void override_middlewares(const IniSection& worker, const IniSection& server, Settings& settings) {
  MiddlewareSettings& middleware = settings.middleware;
  if (server.contains("devices")) middleware.recon.devices = settings.disk.devices;
  if (!server.contains("swift_dir") && !worker.contains("swift_dir")) return;
  middleware.recon.swift_dir = settings.swift_dir;
  if (!middleware.backend_ratelimit.is_conf_path_given) {
    middleware.backend_ratelimit.conf_path = backend_ratelimit_conf_in(settings.swift_dir);
  }
}

int worker_count(const IniSection& worker, Settings& settings) {
  const int replication_concurrency = settings.pool.replication_concurrency;
  const auto written = worker.find("workers");
  if (written == worker.end() || written->second.value.empty() || written->second.value == "auto") {
    const int beside = std::min(replication_concurrency + kBesideSessions, kMostBesideSessions);
    return std::max(kMinDefaultWorkers, replication_concurrency + beside);
  }
  note_origin("workers", written->second, {}, settings);
  const auto count =
      static_cast<int>(read_whole_number(written->second, 1, kMaxWorkers, "a number of processes, or auto"));
  if (replication_concurrency != 0 && count <= replication_concurrency) {
    throw bad_option(written->second,
                     "must be greater than replication_concurrency (" +
                         std::to_string(replication_concurrency) +
                         "): otherwise no worker is left to answer 503 and senders wait in the "
                         "socket's backlog; give at least " +
                         std::to_string(replication_concurrency + 1));
  }
  return count;
}

// ObjectReplicator.__init__.
std::optional<IniOption> ring_ip_of(const IniSection& options) {
  for (const char* name : {"ring_ip", "bind_ip"}) {
    if (const auto found = options.find(name); found != options.end()) return found->second;
  }
  return std::nullopt;
}

void check_devices(const IniSection& options, const std::string& devices, const std::string& path) {
  if (DIR* directory = ::opendir(devices.c_str()); directory != nullptr) {
    ::closedir(directory);
    return;
  }
  const std::string problem = std::string("cannot be read: ") + std::strerror(errno) +
                              "; give the directory where the devices are mounted";
  const auto option = options.find("devices");
  throw bad_option(
      option == options.end() ? IniOption{path, "object-server", "devices", devices} : option->second,
      problem);
}

}  // namespace

Settings load_settings(const std::string& worker_conf) {
  return load_settings(ConfigurationFiles{worker_conf, std::nullopt});
}

Settings load_settings(const ConfigurationFiles& files) {
  std::optional<IniFile> file;
  if (files.worker_conf) file.emplace(*files.worker_conf, kRules, "give the path of a worker.conf");
  if (file) check_sections(*file);
  const auto own = [&file](const char* section) { return file ? file->own_options(section) : IniSection(); };
  Settings settings;
  settings.receiver.allowed_headers = read_header_names(kDefaultAllowedHeaders);
  const IniSection worker = own("worker");
  apply_worker_options(worker, settings);
  if (files.object_server_conf) {
    settings.object_server_conf = *files.object_server_conf;
    settings.origins.insert_or_assign("object_server_conf", SettingOrigin{"--object-server-conf", ""});
  }

  ObjectServerConf server;
  if (!settings.object_server_conf.empty()) {
    server = read_object_server_conf(settings.object_server_conf, settings.without_effect);
    settings.middleware = server.middleware;
  }
  for (const auto& [name, written] : own("object-server")) server.options.insert_or_assign(name, written);
  // swift_dir in [worker] takes precedence.
  const Settings before = settings;
  apply_server_options(server.options, files.worker_conf, settings);
  if (worker.contains("swift_dir")) {
    settings.swift_dir = before.swift_dir;
    settings.origins.insert_or_assign("swift_dir", before.origins.at("swift_dir"));
  }
  override_middlewares(worker, own("object-server"), settings);
  settings.replicators_recon_cache_path = replicators_recon_cache_path(settings.object_server_conf)
                                              .value_or(settings.middleware.recon.cache_path);
  settings.filters = std::move(server.filters);
  settings.ring_ip = ring_ip_of(server.options);
  settings.pool.workers = worker_count(worker, settings);
  check_devices(server.options, settings.disk.devices,
                files.worker_conf.value_or(settings.object_server_conf));
  return settings;
}

std::vector<std::string> keep_until_restart(const Settings& running, Settings& reloaded) {
  std::vector<std::string> changed;
  Settings before = running;
  for (const std::span<const Option> options : {worker_options(), object_server_options()}) {
    for (const Option& option : options) {
      if (option.on_reload == OnReload::taken) continue;
      std::visit(
          [&](const auto& type) {
            if (type.field(before) == type.field(reloaded)) return;
            changed.emplace_back(option.name);
            type.field(reloaded) = type.field(before);
          },
          option.type);
    }
  }
  return changed;
}

}  // namespace ssync
