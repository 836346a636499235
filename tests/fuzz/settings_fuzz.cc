// worker.conf and the object-server.conf under it, of any bytes.
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

// worker.conf ends at the first NUL byte, and object-server.conf is what follows. False where worker.conf
// names files of its own, which may be any of the machine's.
bool write_files(const TemporaryDirectory& directory, std::string_view input) {
  const std::size_t end = std::min(input.find('\0'), input.size());
  std::string worker_conf(input.substr(0, end));
  if (python::lower_ascii(worker_conf).find("object_server_conf") != std::string::npos) return false;
  if (end < input.size()) {
    directory.write("object-server.conf", input.substr(end + 1));
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
