// ssync-worker: the replication side of an OpenStack Swift object server.
#include <getopt.h>

#include <array>
#include <cstdio>
#include <exception>
#include <string>
#include <utility>

#include "common/config/configuration.h"
#include "common/config/errors.h"
#include "common/config/settings.h"
#include "common/config/storage_policy.h"
#include "common/layout/erasure_code.h"
#include "worker/pool/pool.h"
#include "worker/serve/serve.h"

namespace {

constexpr int kOperatorMistake = 2;

constexpr char kUsage[] =
    "Receives replication for an OpenStack Swift object server over FastCGI.\n"
    "Usage: ssync-worker [OPTIONS]\n"
    "\n"
    "Options:\n"
    "  -h, --help             print this help message and exit\n"
    "  --config FILE          configuration file [/etc/swift/ssync-worker.conf]\n"
    "  --check                check the configuration, list options without effect and all settings, and "
    "exit\n"
    "  --version              print the version and exit\n";

struct Options {
  std::string config_path = "/etc/swift/ssync-worker.conf";
  bool only_check = false;
};

// Returns the exit status to exit with, or -1 to continue.
int read_options(int argc, char** argv, Options& options) {
  enum { config = 1, check, version };
  constexpr std::array<option, 5> kOptions{{{"help", no_argument, nullptr, 'h'},
                                            {"config", required_argument, nullptr, config},
                                            {"check", no_argument, nullptr, check},
                                            {"version", no_argument, nullptr, version},
                                            {nullptr, 0, nullptr, 0}}};
  for (;;) {
    switch (::getopt_long(argc, argv, "h", kOptions.data(), nullptr)) {
      case -1:
        if (optind == argc) return -1;
        std::fprintf(stderr, "ssync-worker: unexpected argument %s; see ssync-worker --help\n", argv[optind]);
        return kOperatorMistake;
      case 'h':
        std::fputs(kUsage, stdout);
        return 0;
      case config:
        options.config_path = optarg;
        break;
      case check:
        options.only_check = true;
        break;
      case version:
        std::puts("ssync-worker " SSYNC_VERSION);
        return 0;
      default:
        std::fputs("See ssync-worker --help.\n", stderr);
        return kOperatorMistake;
    }
  }
}

// Policies whose fragments are stored as they come, since this machine cannot read their headers.
void print_unchecked_policies(const ssync::StoragePolicies& policies) {
  for (const ssync::StoragePolicy& policy : policies.all()) {
    if (policy.type != ssync::PolicyType::erasure_coding) continue;
    const ssync::ErasureCoding& coding = policy.erasure_coding;
    const int error = ssync::ErasureCode(coding).error();
    if (error == 0) continue;
    std::printf(
        "not checked: fragments of [storage-policy:%d] %s: liberasurecode has no %s %d+%d on this machine "
        "(error "
        "%d); install its backend to have damaged fragments found\n",
        policy.index, policy.name.c_str(), coding.ec_type.c_str(), coding.data_fragments,
        coding.parity_fragments, error);
  }
}

int print_check(const std::string& config_path, const ssync::Configuration& configuration) {
  const ssync::Settings& settings = configuration.settings;
  for (const std::string& option : settings.without_effect) std::printf("no effect: %s\n", option.c_str());
  print_unchecked_policies(configuration.swift.policies);
  std::printf("\n%s\n%s: configuration is valid\n", ssync::effective_text(settings).c_str(),
              config_path.c_str());
  return 0;
}

int run(int argc, char** argv) {
  Options options;
  if (const int status = read_options(argc, argv, options); status >= 0) return status;
  ssync::Configuration configuration = ssync::load_configuration(options.config_path);
  if (options.only_check) return print_check(options.config_path, configuration);
  return ssync::run_pool(options.config_path, std::move(configuration), ssync::serve_requests);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const ssync::ConfigError& error) {
    std::fprintf(stderr, "ssync-worker: %s\n", error.what());
    return kOperatorMistake;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ssync-worker: %s\n", error.what());
    return 1;
  }
}
