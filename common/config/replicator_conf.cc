#include "common/config/replicator_conf.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <variant>

#include "common/config/errors.h"
#include "common/config/ini_file.h"
#include "common/config/option.h"
#include "common/config/option_table.h"
#include "common/config/paste_deploy.h"
#include "common/config/settings.h"
#include "common/config/statsd_conf.h"
#include "common/os/directory.h"
#include "common/python/errors.h"
#include "common/python/number.h"
#include "common/python/text.h"

namespace ssync {
namespace {

constexpr const char* kSection = "object-replicator";
// Swift 2.30's readconf() has names in lower case; ConfigParser refuses what stands twice in a file.
constexpr IniRules kRules{IniDuplicates::refuse, IniNames::lower_case, IniWhiteSpace::unicode};
constexpr std::string_view kRemedy =
    "give the path of Swift's object-server.conf, or of the directory object-server.conf.d";

constexpr std::int64_t kMaxInt = std::numeric_limits<int>::max();
constexpr std::int64_t kMinInt = std::numeric_limits<int>::min();
constexpr std::int64_t kMinInt64 = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMaxJobs = 16384;
constexpr std::int64_t kMaxWholeSeconds = 1'000'000'000;
constexpr double kMaxSeconds = 1e9;
constexpr double kShortest = 0.001;
// Between two lines about a pass, of which Swift writes as many as it can if it is told 0.
constexpr double kShortestStatsInterval = 0.1;
constexpr double kAnyNegative = -std::numeric_limits<double>::infinity();
constexpr std::int64_t kKibi = 1024;
// A receiver reads 64 KiB in one piece, and does not wait for ever; several sessions may share a limit.
constexpr std::int64_t kLeastBandwidth = 64 * kKibi;
constexpr std::int64_t kMaxBandwidth = std::int64_t{1} << 50U;
constexpr std::string_view kBandwidth =
    "0 for no limit, or from 64K on, e.g. 20M (K, M and G are powers of 1024)";
constexpr std::string_view kSeconds = "a number of seconds, e.g. 60";
constexpr std::string_view kJobs = "a number of jobs, e.g. 4";
constexpr std::string_view kProcesses = "a number of processes, 0 for none";
constexpr std::string_view kPort = "a port, e.g. 6200";
constexpr std::string_view kServers = "a number of servers, 0 for none";
constexpr std::string_view kHandoffDelete =
    "auto, or a number of primaries: with less than one Swift removes what it has not sent";

// What the object server reads in the same meaning, by the names of its options.
constexpr std::array<std::string_view, 19> kSharedOptions{"swift_dir",         "user",
                                                          "devices",           "mount_check",
                                                          "disable_fallocate", "fallocate_reserve",
                                                          "disk_chunk_size",   "keep_cache_size",
                                                          "mb_per_sync",       "reclaim_age",
                                                          "commit_window",     "log_name",
                                                          "log_facility",      "network_chunk_size",
                                                          "log_level",         "log_address",
                                                          "nice_priority",     "ionice_class",
                                                          "ionice_priority"};

struct IntNumber {
  int ReplicatorSettings::*member;
  std::int64_t swift_minimum;
  std::int64_t minimum;
  std::int64_t maximum;
  std::string_view example;
  bool may_be_blank = false;
};

struct RealSeconds {
  double ReplicatorSettings::*member;
  double swift_minimum;
  double minimum;
};

struct Truths {
  bool ReplicatorSettings::*member;
};

struct OwnOption {
  std::string_view name;
  std::variant<IntNumber, RealSeconds, Truths> type;
};

const std::array kOwnOptions{
    OwnOption{"concurrency", IntNumber{&ReplicatorSettings::concurrency, 1, 1, kMaxJobs, kJobs}},
    OwnOption{"replicator_workers",
              IntNumber{&ReplicatorSettings::replicator_workers, kMinInt64, 0, kMaxJobs, kProcesses}},
    OwnOption{"servers_per_port",
              IntNumber{&ReplicatorSettings::servers_per_port, kMinInt64, kMinInt, kMaxInt, kServers, true}},
    OwnOption{"stats_interval",
              RealSeconds{&ReplicatorSettings::stats_interval, kAnyNegative, kShortestStatsInterval}},
    OwnOption{"ring_check_interval", RealSeconds{&ReplicatorSettings::ring_check_interval, kAnyNegative, 0}},
    OwnOption{"node_timeout", RealSeconds{&ReplicatorSettings::node_timeout, kShortest, kShortest}},
    OwnOption{"conn_timeout", RealSeconds{&ReplicatorSettings::conn_timeout, kShortest, kShortest}},
    OwnOption{"handoffs_first", Truths{&ReplicatorSettings::handoffs_first}},
    OwnOption{"daemonize", Truths{&ReplicatorSettings::daemonize}},
};

std::string recon_cache_path_of(const IniOption& written) {
  // The working directory of Swift's daemons is /.
  return written.value.starts_with('/') ? written.value : "/" + written.value;
}

// Reads the options of one configuration.
class Reader {
 public:
  Reader(IniSection options, std::vector<std::string>& notes) : options_(std::move(options)), notes_(notes) {}

  // `path` names the configuration in the error of an option that is not there.
  ReplicatorSettings read(const std::string& path) {
    check_sync_method(path);
    read_shared();
    for (const OwnOption& option : kOwnOptions) {
      const IniOption* written = take(option.name);
      if (written == nullptr) continue;
      note(*written, std::visit([&](const auto& type) { return read_own(type, *written); }, option.type));
    }
    read_ring_place();
    read_interval();
    read_whole("http_timeout", 1, settings_.http_timeout);
    read_handoff_delete();
    read_recon_cache_path();
    settings_.statsd = read_statsd_settings(
        {.take = [this](std::string_view name) { return take(name); },
         .note = [this](const IniOption& written, const std::string& how) { note(written, {.note = how}); }});
    read_bandwidth("ssync_bandwidth_per_peer", settings_.bandwidth_per_peer);
    read_bandwidth("ssync_bandwidth_per_device", settings_.bandwidth_per_device);
    for (const auto& [name, written] : options_) {
      if (!taken_.contains(name)) note(written, {.note = "has no effect"});
    }
    return std::move(settings_);
  }

 private:
  // The option, which is not without effect then; nullptr if it is not there.
  const IniOption* take(std::string_view name) {
    const auto found = options_.find(std::string(name));
    if (found == options_.end()) return nullptr;
    taken_.insert(found->first);
    return &found->second;
  }

  void note(const IniOption& written, const Taken& taken) {
    if (taken.note) notes_.push_back(option_text(written) + ": " + *taken.note);
  }

  void check_sync_method(const std::string& path) {
    const std::string remedy = "set sync_method = ssync in [object-replicator]";
    const IniOption* written = take("sync_method");
    if (written != nullptr && written->value == "ssync") return;
    if (written != nullptr && !written->value.empty() && written->value != "rsync") {
      throw bad_option(*written, "unknown method; " + remedy);
    }
    const std::string why = "Swift replicates by rsync then, and this replicator by ssync only; " + remedy;
    if (written != nullptr) throw bad_option(*written, why);
    throw ConfigError(one_line(path) + ": [object-replicator] sync_method is not set: " + why);
  }

  // By the object server's table, into its settings.
  void read_shared() {
    Settings shared;
    shared.log = settings_.log;
    shared.pool.user = settings_.user;
    for (const std::string_view name : kSharedOptions) {
      if (const IniOption* written = take(name)) {
        note(*written,
             read_option(*find_option(object_server_options(), name), *written, Owner::swift, shared));
      }
    }
    // Swift has an option log_format, which is another thing.
    for (const auto& [name, ours] :
         {std::pair("log_target", "log_target"), {"ssync_log_format", "log_format"}}) {
      if (const IniOption* written = take(name)) {
        read_option(*find_option(worker_options(), ours), *written, Owner::us, shared);
      }
    }
    settings_.disk = shared.disk;
    settings_.log = shared.log;
    settings_.swift_dir = shared.swift_dir;
    settings_.user = shared.pool.user;
    settings_.priority = shared.pool.priority;
    settings_.network_chunk_size = shared.receiver.network_chunk_size;
  }

  Taken read_own(const IntNumber& type, const IniOption& written) {
    if (type.may_be_blank && written.value.empty()) return {};
    std::int64_t number = 0;
    Taken taken = read_bounded(WholeNumber<std::int64_t>{.field = nullptr,
                                                         .minimum = type.minimum,
                                                         .maximum = type.maximum,
                                                         .example = type.example,
                                                         .swift_minimum = type.swift_minimum},
                               written, Owner::swift, number);
    settings_.*type.member = static_cast<int>(number);
    return taken;
  }

  Taken read_own(const RealSeconds& type, const IniOption& written) {
    return read_bounded(RealNumber{.field = nullptr,
                                   .minimum = type.minimum,
                                   .maximum = kMaxSeconds,
                                   .example = kSeconds,
                                   .swift_minimum = type.swift_minimum},
                        written, Owner::swift, settings_.*type.member);
  }

  Taken read_own(const Truths& type, const IniOption& written) {
    bool& truth = settings_.*type.member;
    truth = python::is_true(written.value);
    if (truth) return {};
    try {
      truth = read_truth(written);
      return {};
    } catch (const ConfigError&) {
      return {.note = "read as false"};
    }
  }

  void read_whole(std::string_view name, std::int64_t minimum, std::int64_t& number) {
    const IniOption* written = take(name);
    if (written == nullptr) return;
    note(*written,
         read_bounded(
             WholeNumber<std::int64_t>{
                 .field = nullptr, .minimum = minimum, .maximum = kMaxWholeSeconds, .example = kSeconds},
             *written, Owner::swift, number));
  }

  void read_ring_place() {
    const IniOption* bind_ip = take("bind_ip");
    const IniOption* ring_ip = take("ring_ip");
    if (const IniOption* written = ring_ip != nullptr ? ring_ip : bind_ip) settings_.ring_ip = written->value;
    if (settings_.servers_per_port != 0) return;
    if (const IniOption* written = take("bind_port")) {
      note(*written,
           read_own(IntNumber{&ReplicatorSettings::bind_port, kMinInt64, kMinInt, kMaxInt, kPort}, *written));
    }
  }

  void read_interval() {
    const IniOption* interval = take("interval");
    const IniOption* run_pause = take("run_pause");
    const RealSeconds seconds{&ReplicatorSettings::interval, kAnyNegative, 0};
    for (const IniOption* written : {interval, run_pause}) {
      if (written == nullptr || written->value.empty()) continue;
      note(*written, read_own(seconds, *written));
      break;
    }
    if (run_pause == nullptr) return;
    settings_.warnings.emplace_back(
        interval != nullptr
            ? "Option object-replicator/run_pause is deprecated and object-replicator/interval is already "
              "configured. You can safely remove run_pause; it is now ignored and will be removed in a "
              "future "
              "version."
            : "Option object-replicator/run_pause is deprecated and will be removed in a future version. "
              "Update "
              "your configuration to use option object-replicator/interval.");
  }

  // config_auto_int_value().
  void read_handoff_delete() {
    const IniOption* written = take("handoff_delete");
    if (written != nullptr && python::lower_ascii(written->value) != "auto") {
      note(*written,
           read_own(IntNumber{&ReplicatorSettings::handoff_delete, 0, 0, kMaxInt, kHandoffDelete}, *written));
    }
    if (settings_.handoff_delete == 0 && !settings_.handoffs_first) return;
    settings_.warnings.emplace_back(
        "Handoff only mode is not intended for normal operation, please disable handoffs_first and "
        "handoff_delete before the next normal rebalance");
  }

  void read_recon_cache_path() {
    const IniOption* written = take("recon_cache_path");
    if (written == nullptr) return;
    settings_.recon_cache_path = recon_cache_path_of(*written);
    if (settings_.recon_cache_path != written->value) {
      note(*written, {.note = "read as " + settings_.recon_cache_path});
    }
  }

  // Ours, which Swift's replicator passes over.
  void read_bandwidth(std::string_view name, std::int64_t& bytes_per_second) {
    const IniOption* written = take(name);
    if (written == nullptr) return;
    static const std::map<char, std::int64_t> units = {
        {'k', kKibi}, {'m', kKibi * kKibi}, {'g', kKibi * kKibi * kKibi}};
    IniOption number = *written;
    std::int64_t unit = 1;
    if (!number.value.empty()) {
      const auto found = units.find(python::lower_ascii(number.value.substr(number.value.size() - 1))[0]);
      if (found != units.end()) {
        unit = found->second;
        number.value.pop_back();
      }
    }
    try {
      const std::int64_t units_per_second = read_whole_number(number, 0, kMaxBandwidth / unit, kBandwidth);
      bytes_per_second = units_per_second * unit;
    } catch (const ConfigError&) {
      throw bad_option(*written, "no number of bytes per second; give " + std::string(kBandwidth));
    }
    if (bytes_per_second != 0 && bytes_per_second < kLeastBandwidth) {
      throw bad_option(*written, "too little for a session to go on; give " + std::string(kBandwidth));
    }
  }

  IniSection options_;
  std::vector<std::string>& notes_;
  std::set<std::string> taken_;
  ReplicatorSettings settings_;
};

IniSection read_section(const std::string& path, std::vector<std::string>& notes) {
  const IniFile file = is_directory(path) ? IniFile::of_directory(path, kRules, kRemedy, notes)
                                          : IniFile(path, kRules, kRemedy);
  if (std::ranges::find(file.sections(), kSection) == file.sections().end()) {
    throw ConfigError(one_line(path) + ": missing section [object-replicator]; " + std::string(kRemedy));
  }
  return file.options(kSection, IniInterpolation::lenient);
}

}  // namespace

ReplicatorSettings load_replicator_settings(const std::string& path, std::vector<std::string>& notes) {
  return Reader(read_section(path, notes), notes).read(path);
}

std::optional<std::string> replicators_recon_cache_path(const std::string& path) {
  std::vector<std::string> notes;
  try {
    const IniSection options = read_section(path, notes);
    const auto written = options.find("recon_cache_path");
    return written == options.end() ? ReplicatorSettings().recon_cache_path
                                    : recon_cache_path_of(written->second);
  } catch (const ConfigError&) {
    // What is wrong there, that replicator says.
    return std::nullopt;
  }
}

}  // namespace ssync
