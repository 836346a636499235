// ssync-replicator: sends a node's partitions to where they belong.
#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/config/errors.h"
#include "common/config/log_setup.h"
#include "common/config/privileges.h"
#include "common/config/replicator_conf.h"
#include "common/config/swift_conf.h"
#include "common/os/errors.h"
#include "common/os/log.h"
#include "common/python/errors.h"
#include "common/python/number.h"
#include "common/python/text.h"
#include "common/ring/errors.h"
#include "worker/replicator/worker_processes.h"

namespace {

using namespace ssync;

enum ExitStatus { ended = 0, failed = 1, operator_mistake = 2 };

struct Options {
  std::string config;
  bool once = false;
  bool check = false;
  bool plan = false;
  bool verbose = false;
  std::string devices;
  std::string partitions;
  std::string policies;
  std::string priority;
  std::vector<std::string> words;  // swift-init says so: once, verbose
};

void add_options(CLI::App& app, Options& options) {
  app.add_option("config", options.config, "Swift's object-server.conf, or its directory")
      ->required()
      ->option_text("CONFIG");
  app.add_flag("-o,--once", options.once, "run one pass and end");
  app.add_flag(
      "--check", options.check,
      "check the configuration and the rings, print what has no effect and this node's devices, and exit");
  app.add_flag("--plan", options.plan, "print what a pass would do now, and do nothing");
  app.add_flag("-v,--verbose", options.verbose, "log to standard error, whatever log_target says");
  app.add_option("-d,--devices", options.devices, "with --once or --plan: these devices only")
      ->take_last()
      ->option_text("DEVICE,…");
  app.add_option("-p,--partitions", options.partitions, "with --once or --plan: these partitions only")
      ->take_last()
      ->option_text("NUMBER,…");
  app.add_option("-i,--policies", options.policies, "with --once or --plan: these policies only, by index")
      ->take_last()
      ->option_text("INDEX,…");
  app.add_option(
         "--priority", options.priority,
         "replicate the partitions in this file first, a line each (1234, or 1:1234 of policy 1); it is read "
         "again when it changes")
      ->option_text("FILE");
  app.add_option("words", options.words, "")->group("");
  app.set_version_flag("--version", "ssync-replicator " SSYNC_VERSION);
  app.footer(
      "Exit status:\n"
      "  0  the pass is done (--once, --plan), whatever could be replicated; or ended by SIGTERM or SIGINT\n"
      "  1  it, or with --once one of its processes, cannot go on\n"
      "  2  an error in the command line, the configuration or a ring");
}

// nullopt if there are none.
std::optional<std::set<std::string>> names_in(std::string_view list) {
  const auto names = python::list_from_csv(list, python::strip_utf8);
  if (names.empty()) return std::nullopt;
  return std::set<std::string>(names.begin(), names.end());
}

template <typename Number>
std::optional<std::set<Number>> numbers_in(const char* option, const std::string& list) {
  const auto names = names_in(list);
  if (!names) return std::nullopt;
  std::set<Number> numbers;
  for (const std::string& name : *names) {
    try {
      const std::int64_t number = python::parse_int(name, 10);
      if (number < 0 || !std::in_range<Number>(number)) throw ValueError(name);
      numbers.insert(static_cast<Number>(number));
    } catch (const ValueError&) {
      throw ConfigError(fmt::format("{} {}: {} is not a number from 0 on; see ssync-replicator --help",
                                    option, list, name));
    }
  }
  return numbers;
}

// --devices and its like have an effect only with one pass, as in Swift.
PassScope scope_of(const Options& options) {
  if (!options.once && !options.plan) return {};
  return {.devices = names_in(options.devices),
          .partitions = numbers_in<std::uint64_t>("--partitions", options.partitions),
          .policies = numbers_in<int>("--policies", options.policies)};
}

// For an operator who looks before a start.
void print_check(const ReplicatorSettings& settings, const SwiftConf& conf, const PolicyRings& rings,
                 const std::vector<std::string>& notes) {
  const auto print = [](const std::string& line) { std::puts(line.c_str()); };
  for (const std::string& note : notes) print(note);
  for (const std::string& warning : settings.warnings) print(warning);
  if (const LogSettings usual; settings.log.target != usual.target || settings.log.format != usual.format) {
    print(fmt::format("log: to {}, as {}", settings.log.target, settings.log.format));
  }
  if (!settings.statsd.host.empty()) {
    print(fmt::format("statsd: metrics go to {} port {}", settings.statsd.host, settings.statsd.port));
  }
  for (const auto& [bytes_per_second, where] :
       {std::pair(settings.bandwidth_per_peer, "to each device elsewhere"),
        std::pair(settings.bandwidth_per_device, "from each of this node's devices")}) {
    if (bytes_per_second != 0) print(fmt::format("at most {} bytes per second {}", bytes_per_second, where));
  }
  for (const auto& [index, ring] : rings) {
    std::string line =
        fmt::format("policy {} ({}): this node's devices:", index, conf.policies.by_index(index)->name);
    for (const std::string& device : local_devices({{index, ring}}, settings)) line += " " + device;
    print(line.ends_with(':') ? line + " none" : line);
  }
}

int replicate(const Options& options) {
  const PassScope scope = scope_of(options);
  std::vector<std::string> notes;
  ReplicatorSettings settings = load_replicator_settings(options.config, notes);
  if (options.verbose) settings.log.target = "stderr";
  const SwiftConf conf = load_swift_conf(settings.swift_dir);
  const PolicyRings rings = read_rings(settings, conf);
  if (options.check) {
    print_check(settings, conf, rings, notes);
    return ended;
  }
  setup_logging(settings.log);
  for (const std::string& problem : set_process_priority(settings.priority)) log::warning("{}", problem);
  drop_privileges(settings.user, "object-replicator");
  for (const std::string& note : notes) log::info("{}", note);
  for (const std::string& warning : settings.warnings) log::warning("{}", warning);
  settings.handoff_delete = effective_handoff_delete(settings, rings);
  const bool is_part = scope.devices || scope.partitions || scope.policies;
  DaemonTask task{.settings = settings,
                  .conf = conf,
                  .rings = rings,
                  .scope = scope,
                  .report = is_part ? PassReport::none : PassReport::whole_node,
                  .priority_file = options.priority};
  if (options.plan) {
    const Interruption interruption;
    std::fputs(plan_once(task, interruption).c_str(), stdout);
    return ended;
  }
  const RunMode mode = options.once || !settings.daemonize ? RunMode::once : RunMode::forever;
  if (settings.replicator_workers > 0) return run_worker_processes(std::move(task), mode);
  const Interruption interruption;
  if (mode == RunMode::forever) replicate_forever(task, interruption);
  replicate_once(task, interruption);
  return ended;
}

int run(int argc, char** argv) {
  CLI::App app{"Replicates objects between Swift's storage nodes, in place of swift-object-replicator."};
  Options options;
  add_options(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? ended : operator_mistake;
  }
  for (const std::string& word : options.words) {
    if (word == "once") options.once = true;
    if (word == "verbose") options.verbose = true;
    if (word != "once" && word != "verbose") {
      throw ConfigError("unexpected argument " + word + "; see ssync-replicator --help");
    }
  }
  return replicate(options);
}

int said(const char* error, int status) {
  std::fprintf(stderr, "ssync-replicator: %s\n", error);
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const ssync::Interrupted& interrupted) {
    ssync::log::info("{}", interrupted.what());
    ssync::log::flush();
    return ended;
  } catch (const ssync::ConfigError& error) {
    return said(error.what(), operator_mistake);
  } catch (const ssync::RingError& error) {
    return said(error.what(), operator_mistake);
  } catch (const std::exception& error) {
    return said(error.what(), failed);
  }
}
