// ssync-worker: the replication side of an OpenStack Swift object server.
#include <getopt.h>

#include <array>
#include <cstdio>
#include <exception>
#include <string>
#include <utility>

#include "common/config/configuration.h"
#include "common/config/errors.h"
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
    "  --check                check the configuration, list options without effect, and exit\n"
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

int print_check(const std::string& config_path, const ssync::Settings& settings) {
  for (const std::string& option : settings.without_effect) std::printf("no effect: %s\n", option.c_str());
  std::printf("%s: configuration is valid\n", config_path.c_str());
  return 0;
}

int run(int argc, char** argv) {
  Options options;
  if (const int status = read_options(argc, argv, options); status >= 0) return status;
  ssync::Configuration configuration = ssync::load_configuration(options.config_path);
  if (options.only_check) return print_check(options.config_path, configuration.settings);
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
