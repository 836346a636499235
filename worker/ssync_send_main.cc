// ssync-send: replicates a partition of a Swift device to any ssync receiver.

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/config/errors.h"
#include "common/config/log_setup.h"
#include "common/config/settings.h"
#include "common/config/swift_conf.h"
#include "common/hashes/hashes_file.h"
#include "common/layout/partition.h"
#include "common/os/directory.h"
#include "common/os/errors.h"
#include "common/os/log.h"
#include "common/python/errors.h"
#include "common/python/repr.h"
#include "worker/sender/errors.h"
#include "worker/sender/interruption.h"
#include "worker/sender/partition_objects.h"
#include "worker/sender/receiver_address.h"
#include "worker/sender/send_report.h"
#include "worker/sender/sender_session.h"
#include "worker/sender/synthetic_objects.h"
#include "worker/sender/tls.h"

namespace {

using namespace ssync;

enum ExitStatus { in_sync = 0, refused = 1, operator_mistake = 2, connection_lost = 3, interrupted = 130 };

// Far above any use, and far below an overflow of sums. A negative number is read as larger.
constexpr std::uint64_t kLargestSize = std::uint64_t{1} << 50U;

constexpr char kFooter[] =
    "Exit status:\n"
    "  0    all offered objects are in sync; with --dry-run: the comparison succeeded\n"
    "  1    the receiver refused, or some objects failed\n"
    "  2    an error in the command line, swift.conf or the device directory\n"
    "  3    the receiver is unreachable, closed the connection or timed out (--timeout)\n"
    "  130  interrupted by SIGINT or SIGTERM\n"
    "Nothing is ever deleted or changed on the sending device.";

struct Options {
  std::string receiver;
  std::string device_dir;
  std::string partition;
  int policy = 0;
  std::vector<std::string> suffixes;
  std::optional<int> frag_index;
  std::string swift_dir = "/etc/swift";
  std::int64_t reclaim_age = DiskSettings().reclaim_age;
  bool dry_run = false;
  bool json = false;
  std::uint64_t bandwidth_limit = 0;
  double timeout = 60;
  TlsFiles tls;
  std::string tls_name;
  std::optional<std::uint64_t> synthetic;
  std::uint64_t synthetic_first = 0;
  std::uint64_t size = 4096;
  std::string timestamp = "1700000000";
  std::uint64_t newer_every = 0;
};

void add_options(CLI::App& app, Options& options) {
  app.add_option("receiver", options.receiver, "the receiver's address and device")
      ->required()
      ->option_text("HOST:PORT/DEVICE");
  app.add_option("--device-dir", options.device_dir, "the device to send from, as in /srv/node/sda1")
      ->option_text("DIR");
  app.add_option("--partition", options.partition, "the partition to send")->required()->option_text("P");
  app.add_option("--policy", options.policy, "index of the storage policy")
      ->check(CLI::NonNegativeNumber)
      ->option_text("N [0]");
  app.add_option("--suffix", options.suffixes, "send only these suffixes, as in 0a1,fff")
      ->delimiter(',')
      ->option_text("SUFFIX,…");
  app.add_option("--frag-index", options.frag_index,
                 "index of the fragments to send; needed with an erasure-coding policy")
      ->check(CLI::NonNegativeNumber)
      ->option_text("N");
  app.add_option("--swift-dir", options.swift_dir, "where swift.conf is")->option_text("DIR [/etc/swift]");
  app.add_option("--reclaim-age", options.reclaim_age,
                 "skip tombstones older than this; as in object-server.conf")
      ->check(CLI::NonNegativeNumber)
      ->option_text("SECONDS [604800]");
  app.add_flag("--dry-run", options.dry_run, "only compare, and report what would be sent");
  app.add_flag("--json", options.json, "print the result as one JSON object");
  app.add_option("--bandwidth-limit", options.bandwidth_limit,
                 "send at most this many bytes per second; K, M, G are powers of 1024")
      ->transform(CLI::AsSizeValue(false))
      ->check(CLI::Range(std::uint64_t{1}, kLargestSize))
      ->option_text("BYTES");
  app.add_option("--timeout", options.timeout,
                 "seconds without progress after which to give up connecting, sending or receiving")
      ->check(CLI::Range(0.001, 1e6))
      ->option_text("SECONDS [60]");

  constexpr char kTls[] = "TLS";
  CLI::Option* const ca =
      app.add_option("--tls-ca", options.tls.ca, "connect with TLS; who signs receivers' certificates (PEM)")
          ->option_text("FILE")
          ->group(kTls);
  CLI::Option* const certificate =
      app.add_option("--tls-cert", options.tls.certificate, "this sender's certificate with its chain (PEM)")
          ->option_text("FILE")
          ->needs(ca)
          ->group(kTls);
  CLI::Option* const key = app.add_option("--tls-key", options.tls.key, "the key of --tls-cert (PEM)")
                               ->option_text("FILE")
                               ->needs(certificate)
                               ->group(kTls);
  certificate->needs(key);
  app.add_option("--tls-name", options.tls_name,
                 "the name that the receiver's certificate must be for, if not HOST")
      ->option_text("NAME")
      ->needs(ca)
      ->group(kTls);

  constexpr char kSynthetic[] = "Generated load, instead of --device-dir";
  app.add_option("--synthetic", options.synthetic, "offer this many generated objects")
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{1} << 31U))
      ->option_text("COUNT")
      ->group(kSynthetic);
  app.add_option("--synthetic-first", options.synthetic_first, "number of the first object")
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{1} << 40U))
      ->option_text("NUMBER [0]")
      ->group(kSynthetic);
  app.add_option("--size", options.size, "bytes per object; K, M, G are powers of 1024")
      ->transform(CLI::AsSizeValue(false))
      ->check(CLI::Range(std::uint64_t{0}, kLargestSize))
      ->option_text("BYTES [4096]")
      ->group(kSynthetic);
  app.add_option("--timestamp", options.timestamp, "time of object 0; each next one is 10 µs newer")
      ->option_text("SECONDS [1700000000]")
      ->group(kSynthetic);
  app.add_option("--newer-every", options.newer_every, "make every COUNT-th object a second newer")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 40U))
      ->option_text("COUNT")
      ->group(kSynthetic);
  app.set_version_flag("--version", "ssync-send " SSYNC_VERSION);
  app.footer(kFooter);
}

void log_to_stderr() { setup_logging({.name = "ssync-send", .level = "WARNING"}); }

const StoragePolicy& chosen_policy(const Options& options, const SwiftConf& conf) {
  const StoragePolicy* policy = conf.policies.by_index(options.policy);
  if (policy == nullptr) {
    throw ConfigError("--policy " + std::to_string(options.policy) + ": no such policy in " +
                      options.swift_dir + "/swift.conf");
  }
  const bool has_fragments = policy->type == PolicyType::erasure_coding;
  const int fragments = policy->erasure_coding.data_fragments + policy->erasure_coding.parity_fragments;
  if (has_fragments && !options.frag_index) {
    throw ConfigError("policy " + std::to_string(options.policy) +
                      " is erasure-coded: select the fragments to send with --frag-index (0 to " +
                      std::to_string(fragments - 1) + ")");
  }
  if (!has_fragments && options.frag_index) {
    throw ConfigError("--frag-index " + std::to_string(*options.frag_index) + ": policy " +
                      std::to_string(options.policy) + " is not erasure-coded; leave the option out");
  }
  if (has_fragments && *options.frag_index >= fragments) {
    throw ConfigError("--frag-index " + std::to_string(*options.frag_index) + ": policy " +
                      std::to_string(options.policy) + " has fragments 0 to " +
                      std::to_string(fragments - 1));
  }
  return *policy;
}

SyntheticLoad load_of(const Options& options) {
  SyntheticLoad load{.count = *options.synthetic,
                     .first = options.synthetic_first,
                     .size = options.size,
                     .timestamp = {},
                     .newer_every = options.newer_every,
                     .fragment_index = options.frag_index};
  try {
    load.timestamp = Timestamp::parse(options.timestamp);
  } catch (const ValueError& error) {
    throw ConfigError("--timestamp: " + std::string(error.what()) +
                      "; write seconds, as in 1700000000.00000");
  }
  return load;
}

double cpu_seconds() {
  timespec time{};
  static_cast<void>(::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time));
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// Runs the session; returns the exit status and fills in the report.
ExitStatus run_session(SenderSession& sender, const SenderSession::OpenSource& open_source,
                       SendReport& report) {
  try {
    sender.run(open_source);
  } catch (const ReceiverRefused& error) {
    report.status = error.what();
    return refused;
  } catch (const ConnectionLost& error) {
    report.status = error.what();
    return connection_lost;
  } catch (const Interrupted& error) {
    report.status = error.what();
    return interrupted;
  } catch (const std::exception& error) {
    report.status = error.what();
    return refused;
  }
  return sender.progress().updates.failed == 0 ? in_sync : refused;
}

void check_options(const Options& options) {
  if (options.device_dir.empty() == !options.synthetic) {
    throw ConfigError("give either --device-dir or --synthetic");
  }
  if (options.partition.empty() || options.partition.find_first_not_of("0123456789") != std::string::npos) {
    throw ConfigError("--partition " + python::repr_text(options.partition) + ": not a partition number");
  }
  for (const std::string& suffix : options.suffixes) {
    if (!is_suffix(suffix)) {
      throw ConfigError("--suffix " + python::repr_text(suffix) +
                        ": not a suffix; give three lower-case hexadecimal digits, as in 0a1");
    }
  }
}

// Which fragments of an erasure-coding policy to offer. Fragments that are not durable are offered only to
// receivers that accept them: without preferences they are ignored.
FragmentRequest fragment_request(const Options& options, bool accepts_no_commit) {
  FragmentRequest request;
  if (!options.frag_index) return request;
  request.fragment_index = options.frag_index;
  if (accepts_no_commit) {
    request.preferences.emplace();
  } else {
    log::warning("{} does not accept fragments that are not durable; skipping them", options.receiver);
  }
  return request;
}

// Throws ConfigError if the partition does not exist or is unreadable.
void check_partition(const Partition& partition) {
  try {
    list_directory(partition.path());
  } catch (const OsError& error) {
    throw ConfigError(std::string(error.what()) + "; check --device-dir, --policy and --partition");
  }
}

BandwidthShare::Limits limits_of(const Options& options) {
  if (options.bandwidth_limit == 0) return {};
  return {std::make_shared<BandwidthLimit>(static_cast<std::int64_t>(options.bandwidth_limit))};
}

int send(const Options& options) {
  check_options(options);
  const SwiftConf conf = load_swift_conf(options.swift_dir);
  const StoragePolicy& policy = chosen_policy(options, conf);
  SenderJob job{.receiver = ReceiverAddress::parse(options.receiver),
                .partition = options.partition,
                .policy_index = options.policy,
                .fragment_index = options.frag_index,
                .dry_run = options.dry_run,
                .limits = {.timeout = std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                               std::chrono::duration<double>(options.timeout)),
                           .bandwidth = limits_of(options)}};
  if (!options.tls.ca.empty()) {
    job.tls = {.context = std::make_shared<const TlsContext>(options.tls), .name = options.tls_name};
  }
  DiskSettings settings;
  settings.reclaim_age = options.reclaim_age;
  const Partition partition{.settings = settings,
                            .conf = conf,
                            .policy = policy,
                            .device_path = options.device_dir,
                            .name = options.partition};
  std::unique_ptr<ObjectSource> source;
  if (options.synthetic) {
    source = std::make_unique<SyntheticObjects>(conf, policy, load_of(options));
  } else {
    check_partition(partition);
  }
  const auto open_source = [&](bool accepts_no_commit) -> ObjectSource& {
    if (!source) {
      source = std::make_unique<PartitionObjects>(partition, options.suffixes,
                                                  fragment_request(options, accepts_no_commit));
    }
    return *source;
  };

  log_to_stderr();
  const Interruption interruption;
  ProgressLine progress_line;
  const auto begun = std::chrono::steady_clock::now();
  const double cpu_begun = cpu_seconds();
  SenderSession sender(std::move(job), interruption,
                       [&](const SenderProgress& progress) { progress_line.show(progress); });
  SendReport report;
  const ExitStatus status = run_session(sender, open_source, report);
  progress_line.clear();
  report.progress = sender.progress();
  report.dry_run = options.dry_run;
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  report.cpu_seconds = cpu_seconds() - cpu_begun;
  report.failed = failures_of(report.progress.updates, report.status.value_or(""));
  if (report.status) log::error("{}: {}", options.receiver, *report.status);
  std::puts((options.json ? json_of(report) : summary_of(report)).c_str());
  return status;
}

int run(int argc, char** argv) {
  CLI::App app{
      "Sends a partition of a Swift device to an ssync receiver: Swift's object server or ssync-worker."};
  Options options;
  add_options(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : operator_mistake;
  }
  return send(options);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const ssync::ConfigError& error) {
    std::fprintf(stderr, "ssync-send: %s\n", error.what());
    return operator_mistake;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ssync-send: %s\n", error.what());
    return refused;
  }
}
