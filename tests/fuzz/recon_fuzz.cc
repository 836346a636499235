// What recon reads: cache files of Swift's daemons, and files of /proc.
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

#include "common/os/log.h"
#include "tests/fuzz/require.h"
#include "tests/temporary_directory.h"
#include "worker/recon/cache_files.h"
#include "worker/recon/machine.h"
#include "worker/recon/python_json.h"

namespace ssync {
namespace {

const TemporaryDirectory& directory() {
  static const TemporaryDirectory directory;
  return directory;
}

// Whatever a value holds, what is answered can be read again, and is written the same.
void check_text(const Json& value) {
  const std::string text = json_text(value);
  for (const char c : text) require(c >= ' ' && c < '\x7f', "an answer is one line of ASCII");
  require(json_text(parse_json(text)) == text, "written, read and written again it is the same");
}

void check_cache(std::string_view input) {
  constexpr std::string_view kKeys[] = {"replication_stats", "async_pending"};
  directory().write("object.recon", input);
  const Json values = cached_values(directory().path() + "/object.recon", kKeys, MissingCache::is_logged);
  require(values.size() == 2, "every key has a value");
  check_text(values);
}

template <typename Read>
void check_machine(const Read& read) {
  Json value;
  try {
    value = read();
  } catch (const std::exception&) {
    return;
  }
  // Names that are no text become lone surrogates, which are written and never read here.
  static_cast<void>(json_text(value));
}

}  // namespace
}  // namespace ssync

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ssync;
  log::set_threshold(log::Level::critical);
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check_cache(input);
  check_machine([&] { return load_average(input); });
  check_machine([&] { return memory(input); });
  check_machine([&] { return mounts(input); });
  check_machine([&] { return sockets(input, input); });
  return 0;
}
