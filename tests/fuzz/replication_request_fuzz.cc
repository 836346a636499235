// The line and headers of the request that begins a session.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "tests/fuzz/require.h"
#include "tests/temporary_directory.h"
#include "worker/http/errors.h"
#include "worker/http/status.h"
#include "worker/serve/replication_request.h"

namespace ssync {
namespace {

// The device "sda1", unmounted.
struct Server {
  Server() {
    std::filesystem::create_directory(directory.path() + "/sda1");
    configuration.settings.disk.devices = directory.path();
    configuration.settings.disk.mount_check = false;
  }
  TemporaryDirectory directory;
  Configuration configuration{.settings = {},
                              .swift = {.hash_path_prefix = "",
                                        .hash_path_suffix = "changeme",
                                        .constraints = {},
                                        .policies = StoragePolicies({})}};
};

std::optional<std::string> next_line(std::string_view& rest) {
  if (rest.empty()) return std::nullopt;
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  std::string line(rest.substr(0, end));
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

}  // namespace
}  // namespace ssync

// Input: lines for method, URI, policy index and fragment index.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ssync;
  static const Server server;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  RequestHead head;
  head.method = next_line(rest).value_or("SSYNC");
  head.uri = next_line(rest).value_or("");
  head.policy_index = next_line(rest);
  head.frag_index = next_line(rest);
  try {
    const Session session =
        open_session(check_session(head, server.configuration), head, server.configuration);
    require(session.device == "sda1", "only a device that is there has sessions");
    require(session.partition.name.find('/') == std::string::npos && session.partition.name != "." &&
                session.partition.name != ".." && !session.partition.name.empty(),
            "a session stays in its partition");
  } catch (const HttpError& error) {
    require(error.answer().status >= 400 && error.answer().status < 600, "a refusal is a 4xx or 5xx");
  }
  return 0;
}
