// ssync-worker: the replication side of an OpenStack Swift object server.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>

#include "common/configuration.h"
#include "common/errors.h"
#include "worker/pool.h"
#include "worker/serve.h"

namespace {

constexpr int kOperatorMistake = 2;

int check(const std::string& config_path, const ssync::Settings& settings) {
  for (const std::string& option : settings.without_effect) {
    std::printf("no effect: %s\n", option.c_str());
  }
  std::printf("%s: configuration is valid\n", config_path.c_str());
  return 0;
}

int run(int argc, char** argv) {
  CLI::App app{"Receives replication for an OpenStack Swift object server over FastCGI."};
  std::string config_path = "/etc/swift/ssync-worker.conf";
  bool only_check = false;
  app.add_option("--config", config_path, "configuration file")->capture_default_str();
  app.add_flag("--check", only_check, "check the configuration, name options without effect, and exit");
  app.set_version_flag("--version", "ssync-worker " SSYNC_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kOperatorMistake;
  }
  ssync::Configuration configuration = ssync::load_configuration(config_path);
  if (only_check) return check(config_path, configuration.settings);
  return ssync::run_pool(config_path, std::move(configuration), ssync::serve_requests);
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
