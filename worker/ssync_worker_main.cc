// ssync-worker: the replication side of an OpenStack Swift object server.
#include <getopt.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "common/config/configuration.h"
#include "common/config/errors.h"
#include "common/config/settings.h"
#include "worker/check/node_page.h"
#include "worker/pool/pool.h"
#include "worker/serve/serve.h"
#include "worker/status/serve_status.h"

namespace {

constexpr int kOperatorMistake = 2;

constexpr const char* kDefaultConfig = "/etc/swift/ssync-worker.conf";

constexpr char kUsage[] =
    "Receives replication for an OpenStack Swift object server over FastCGI.\n"
    "Usage: ssync-worker [OPTIONS]\n"
    "\n"
    "Options:\n"
    "  -h, --help             print this help message and exit\n"
    "  --config FILE          configuration file [/etc/swift/ssync-worker.conf]\n"
    "  --check                check the configuration; print devices, rings, options without effect and all "
    "settings, and exit\n"
    "  --object-server-conf FILE\n"
    "                         with --check: Swift's object-server.conf, in place of the one that the "
    "configuration file names,\n"
    "                         or of a configuration file\n"
    "  --version              print the version and exit\n";

struct Options {
  std::optional<std::string> config_path;
  std::optional<std::string> object_server_conf;
  bool only_check = false;
};

// Returns the exit status to exit with, or -1 to continue.
int read_options(int argc, char** argv, Options& options) {
  enum { config = 1, object_server_conf, check, version };
  constexpr std::array<option, 6> kOptions{
      {{"help", no_argument, nullptr, 'h'},
       {"config", required_argument, nullptr, config},
       {"object-server-conf", required_argument, nullptr, object_server_conf},
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
      case object_server_conf:
        options.object_server_conf = optarg;
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

// Which files to read. Swift's alone is enough to look at a node on which nothing is set up yet.
ssync::ConfigurationFiles files_of(const Options& options) {
  if (options.config_path) return {options.config_path, options.object_server_conf};
  if (options.object_server_conf && ::access(kDefaultConfig, F_OK) != 0) {
    return {std::nullopt, options.object_server_conf};
  }
  return {kDefaultConfig, options.object_server_conf};
}

int print_check(const Options& options) {
  const ssync::ConfigurationFiles files = files_of(options);
  const ssync::Configuration configuration = ssync::load_configuration(files);
  const std::string& name = files.worker_conf ? *files.worker_conf : *files.object_server_conf;
  std::printf("ssync-worker " SSYNC_VERSION "\n\n%s\n%s: configuration is valid\n",
              ssync::node_page(configuration).c_str(), name.c_str());
  return 0;
}

int run(int argc, char** argv) {
  Options options;
  if (const int status = read_options(argc, argv, options); status >= 0) return status;
  if (options.only_check) return print_check(options);
  if (options.object_server_conf) {
    std::fputs(
        "ssync-worker: --object-server-conf is for --check; to serve with it, set object_server_conf in "
        "[worker] of worker.conf\n",
        stderr);
    return kOperatorMistake;
  }
  const std::string config_path = options.config_path.value_or(kDefaultConfig);
  return ssync::run_pool(config_path, ssync::load_configuration(config_path), ssync::serve_requests,
                         ssync::status_main(SSYNC_VERSION));
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
