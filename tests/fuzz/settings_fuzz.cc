// worker.conf, the object-server.conf under it, and a file that this may use, of any bytes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/config/errors.h"
#include "common/config/settings.h"
#include "common/python/text.h"
#include "tests/fuzz/require.h"
#include "tests/temporary_directory.h"

namespace ssync {
namespace {

// False where the text names files that may be any of the machine's: base.conf beside it is the one to use.
bool names_only_base(std::string text) {
  text = python::lower_ascii(text);
  if (text.find("object_server_conf") != std::string::npos) return false;
  constexpr std::string_view kConfig = "config:";
  for (std::size_t at = text.find(kConfig); at != std::string::npos; at = text.find(kConfig, at + 1)) {
    if (!text.substr(at + kConfig.size()).starts_with("base.conf")) return false;
  }
  return true;
}

// The part up to the next NUL byte.
std::string take_part(std::string_view& input) {
  const std::size_t end = std::min(input.find('\0'), input.size());
  std::string part(input.substr(0, end));
  input.remove_prefix(std::min(end + 1, input.size()));
  return part;
}

// worker.conf ends at the first NUL byte, object-server.conf at the second, and base.conf is what follows.
bool write_files(const TemporaryDirectory& directory, std::string_view input) {
  std::string worker_conf = take_part(input);
  if (!names_only_base(worker_conf)) return false;
  if (!input.empty()) {
    const std::string object_server_conf = take_part(input);
    const std::string base_conf = take_part(input);
    if (!names_only_base(object_server_conf) || !names_only_base(base_conf)) return false;
    directory.write("object-server.conf", object_server_conf);
    directory.write("base.conf", base_conf);
    worker_conf =
        "[worker]\nobject_server_conf = " + directory.path() + "/object-server.conf\n" + worker_conf;
  }
  directory.write("worker.conf", worker_conf);
  return true;
}

void check(const Settings& settings) {
  require(settings.pool.workers > 0, "there are workers");
  require(settings.pool.replication_concurrency == 0 ||
              settings.pool.workers > settings.pool.replication_concurrency,
          "there are more workers than sessions");
  require(settings.receiver.client_timeout > 0, "there is a timeout");
  require(settings.disk.disk_chunk_size > 0 && settings.receiver.network_chunk_size > 0,
          "chunks are not empty");
}

}  // namespace
}  // namespace ssync

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ssync;
  static const TemporaryDirectory directory;
  if (!write_files(directory, {reinterpret_cast<const char*>(data), size})) return 0;
  try {
    check(load_settings(directory.path() + "/worker.conf"));
  } catch (const ConfigError& error) {
    require(std::string_view(error.what()).find('\n') == std::string_view::npos, "a mistake is one line");
  }
  return 0;
}
