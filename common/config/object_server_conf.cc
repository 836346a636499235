#include "common/config/object_server_conf.h"

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "common/config/errors.h"
#include "common/config/middlewares.h"
#include "common/config/paste_deploy.h"
#include "common/config/swift_egg.h"
#include "common/python/text.h"

namespace ssync {
namespace {

constexpr const char* kName = "object-server";
// run_wsgi() and what it calls read these of [app:object-server] before there is a pipeline.
constexpr std::array kReadBeforeThePipeline = {
    "disable_fallocate", "fallocate_reserve",       "ionice_class", "ionice_priority",
    "nice_priority",     "replication_concurrency", "user"};

// [app:object-server] without its own factory is taken for Swift's: this file need not run anything else.
void check_factory(const PasteApplication& loaded) {
  if (loaded.factory && !is_swifts_object_server(loaded.factory->name, loaded.factory->value)) {
    throw bad_option(
        *loaded.factory,
        "not Swift's own object server (egg:swift#object): how it stores objects is not known here; "
        "leave this node's replication to that server, or correct object_server_conf");
  }
}

// What PasteDeploy adds, and options that had their effect while the file was read.
bool is_pastes_own(std::string_view name) {
  return name == "here" || name == "__file__" || name.starts_with("set ") || name.starts_with("get ");
}

}  // namespace

ObjectServerConf read_object_server_conf(const std::string& path, std::vector<std::string>& notes) {
  const auto server = load_paste_application(path, kName, {}, notes);
  if (!server) {
    throw ConfigError(path +
                      ": missing section [app:object-server]; set object_server_conf to Swift's "
                      "object-server.conf, or to the directory object-server.conf.d");
  }
  // _initrp(): the name in the log is global for the application.
  IniSection global = {{"log_name", IniOption{path, "", "log_name", kName}}};
  if (const auto name = server->config.find("log_name"); name != server->config.end()) {
    global.at("log_name") = name->second;
  }
  PasteNotes again;
  const auto main = load_paste_application(path, "main", global, again);
  check_factory(main ? *main : *server);
  IniSection result = main ? main->application : server->config;
  result.try_emplace("log_name", global.at("log_name"));
  for (const char* name : kReadBeforeThePipeline) {
    if (const auto option = server->config.find(name); option != server->config.end()) {
      result.insert_or_assign(name, option->second);
    } else {
      result.erase(name);
    }
  }
  std::erase_if(result, [](const auto& option) { return is_pastes_own(option.first); });
  ObjectServerConf conf{std::move(result), {}, {}};
  for (const PasteFilter& filter : (main ? *main : *server).filters) {
    if (!main || !is_middleware(filter)) conf.filters.push_back(filter.name);
  }
  if (main) conf.middleware = read_middlewares(main->filters);
  return conf;
}

}  // namespace ssync
