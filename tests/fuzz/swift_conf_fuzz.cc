// swift.conf of any bytes.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/config/errors.h"
#include "common/config/swift_conf.h"
#include "tests/fuzz/require.h"
#include "tests/temporary_directory.h"

namespace ssync {
namespace {

void check_policies(const StoragePolicies& policies) {
  int defaults = 0;
  for (const StoragePolicy& policy : policies.all()) {
    defaults += static_cast<int>(policy.is_default);
    require(policies.by_index(policy.index) == &policy, "an index is of one policy");
    require(policy.aliases.front() == policy.name, "its name is the first of a policy's names");
  }
  require(defaults == 1, "there is one default policy");
  require(policies.from_header(std::nullopt) != nullptr, "there is a policy 0");
}

}  // namespace
}  // namespace ssync

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ssync;
  static const TemporaryDirectory directory;
  directory.write("swift.conf", {reinterpret_cast<const char*>(data), size});
  try {
    const SwiftConf conf = load_swift_conf(directory.path());
    require(!conf.hash_path_prefix.empty() || !conf.hash_path_suffix.empty(), "there is a secret");
    check_policies(conf.policies);
  } catch (const ConfigError& error) {
    require(std::string_view(error.what()).find('\n') == std::string_view::npos, "a mistake is one line");
  }
  return 0;
}
