// hashes.pkl and hashes.invalid of any bytes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "common/hashes/hashes_file.h"
#include "common/os/log.h"
#include "tests/fuzz/require.h"
#include "tests/temporary_directory.h"

namespace ssync {
namespace {

const TemporaryDirectory& partition() {
  static const TemporaryDirectory directory;
  return directory;
}

void check_keys(const HashesFile& hashes) {
  for (const auto& [key, value] : hashes.items()) {
    const auto* name = std::get_if<pickle::Text>(&key.data);
    require(name != nullptr, "keys are text");
    require(is_suffix(name->utf8) || name->utf8 == "valid" || name->utf8 == "updated", "keys are Swift's");
  }
}

void check_same_suffixes(const HashesFile& a, const HashesFile& b) {
  // As pickles, since a NaN is not equal to itself.
  require(pickle::dump({a.suffixes()}) == pickle::dump({b.suffixes()}), "the suffixes are the same");
  require(a.is_valid() == b.is_valid(), "it is as valid as before");
}

// hashes.invalid ends where the first NUL byte is; hashes.pkl is what follows.
void write_files(std::string_view input) {
  const std::size_t end = std::min(input.find('\0'), input.size());
  partition().write("hashes.invalid", input.substr(0, end));
  partition().write("hashes.pkl", input.substr(std::min(end + 1, input.size())));
}

}  // namespace
}  // namespace ssync

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ssync;
  log::set_threshold(log::Level::critical);
  write_files({reinterpret_cast<const char*>(data), size});
  const std::string& path = partition().path();

  HashesFile stored = HashesFile::read(path);
  check_keys(stored);

  const HashesFile merged = consolidate_hashes(path);
  check_keys(merged);
  require(std::filesystem::file_size(path + "/hashes.invalid") == 0, "what was invalid has been merged");
  check_same_suffixes(consolidate_hashes(path), merged);

  stored.write(path);
  check_same_suffixes(HashesFile::read(path), stored);
  return 0;
}
